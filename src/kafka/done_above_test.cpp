#include "kafka/done_above.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "kafka/test_batches.h"
#include "wire/primitives.h"

namespace tidemark::kafka {
namespace {

using Ranges = std::vector<core::Range>;

std::string base64(const std::string& bytes) {
  static const char* const kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t gathered = 0;
    for (std::size_t k = 0; k < 3; ++k)
      gathered = gathered << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text.push_back(i + k <= bytes.size() ? kDigits[gathered >> (18 - 6 * k) & 63] : '=');
  }
  return text;
}

std::string runs(char magic, std::initializer_list<std::int64_t> lengths) {
  wire::Writer out;
  out.int8(static_cast<std::int8_t>(magic));
  for (const std::int64_t length : lengths) {
    if (magic == 'n') out.int16(static_cast<std::int16_t>(length));
    if (magic == 'e') out.int32(static_cast<std::int32_t>(length));
  }
  return base64(out.take());
}

TEST(DoneAbove, RunLengthsBeginWithRecordsThatAreNotDone) {
  // Of 100 and on: "oxxooxxxo", as the client's own test has them.
  const Ranges expected{{101, 102}, {105, 107}};
  EXPECT_EQ(read_done_above(runs('n', {1, 2, 2, 3, 1}), 100), expected);
  EXPECT_EQ(read_done_above(runs('e', {1, 2, 2, 3, 1}), 100), expected);
  EXPECT_EQ(read_done_above("ZQAAAAEAAAAC", 100), (Ranges{{101, 102}}));
  EXPECT_EQ(read_done_above(runs('e', {70'000, 1}), 0), (Ranges{{70'000, 70'000}}));
}

TEST(DoneAbove, ABitSetHasTheLowestBitFirst) {
  // 11 records, those at 1, 2, 8 and 10 done; the encoder leaves a byte more.
  const std::string bits("\x06\x05\x00", 3);
  const Ranges expected{{11, 12}, {18, 18}, {20, 20}};
  EXPECT_EQ(read_done_above(base64(std::string("l\x00\x0b", 3) + bits), 10), expected);
  EXPECT_EQ(read_done_above(base64(std::string("o\x00\x00\x00\x0b", 5) + bits), 10), expected);
  EXPECT_EQ(read_done_above(base64(std::string("l\x00\x0b\x06\x05", 5)), 10), expected);
}

TEST(DoneAbove, AMapMayBePacked) {
  const std::string runs_of_int32("\0\0\0\x01\0\0\0\x02", 8);  // 1 not done, 2 done
  const std::string packed = test::zstd(runs_of_int32);
  EXPECT_EQ(read_done_above(base64("p" + packed), 100), (Ranges{{101, 102}}));
  EXPECT_EQ(read_done_above(base64("s" + test::zstd(std::string("\0\0\0\x0b\x06\x05", 6))), 10),
            (Ranges{{11, 12}, {18, 18}, {20, 20}}));
  EXPECT_EQ(read_done_above(base64("p" + packed.substr(0, packed.size() - 1)), 100), Ranges{});
  EXPECT_EQ(read_done_above(base64("p" + test::zstd(std::string(5'000'000, '\0'))), 100), Ranges{}) << "too large";
}

// Made by the encoders of parallel-consumer-core 0.5.3.3.
TEST(DoneAbove, TheClientsOwnEncodings) {
  // "oxxooxxxox" from 100 on.
  const Ranges expected{{101, 102}, {105, 107}, {109, 109}};
  for (const char* const metadata :
       {"bAAK5gIA", "bwAAAArmAgA=", "bgABAAIAAgADAAEAAQ==", "ZQAAAAEAAAACAAAAAgAAAAMAAAABAAAAAQ==",
        "YSi1L/0AWCkAAAAK5gIA", "cyi1L/0AWDkAAAAAAArmAgA=", "Sii1L/0AWGEAAAABAAIAAgADAAEAAQ==",
        "cCi1L/0AWMEAAAAAAAEAAAACAAAAAgAAAAMAAAABAAAAAQ=="})
    EXPECT_EQ(read_done_above(metadata, 100), expected) << metadata;
  EXPECT_EQ(read_done_above("ZQAAAAEAAJw/", 100), (Ranges{{101, 40'099}}));
}

// One record of two, of 3,000 and of 40,000: small only when it is packed.
TEST(DoneAbove, TheClientsOwnEncodingsOfManyRecords) {
  for (const char* const metadata : {"YSi1L/0AWF0AACALuKoAAQBzKhgC", "Sii1L/0AWE0AABAAAQEAa1fvsA==",
                                     "cyi1L/0AWG0AADAAAAu4qgABAHMq0AI=", "cCi1L/0AWGUAACAAAAABAQDZbt4RAQ=="}) {
    const Ranges found = read_done_above(metadata, 100);
    ASSERT_EQ(found.size(), 1'500U) << metadata;
    EXPECT_EQ(found.front(), (core::Range{101, 101}));
    EXPECT_EQ(found.back(), (core::Range{3'099, 3'099}));
  }
  for (const char* const metadata :
       {"Sii1L/0AWFUAABAAAQEAezjlDgs=", "cyi1L/0AWG0AADAAAJxAqgABAITTAy0=", "cCi1L/0AWGQAACAAAAABAQD5/+eOCEUAAAgAAQD88A6E"}) {
    const Ranges found = read_done_above(metadata, 100);
    ASSERT_EQ(found.size(), kMostDoneRanges) << metadata;
    EXPECT_EQ(found.front(), (core::Range{101, 101}));
  }
}

// Only records above the highest that is done are in work; and none at all is done, of which the client writes that
// the committed one is.
TEST(DoneAbove, TheClientsOwnWordsForNothingAbove) {
  for (const char* const metadata :
       {"bAAAAA==", "YSi1L/0AWBkAAAAAAA==", "bgAA", "Sii1L/0AWBEAAAAA", "bwAAAAAA", "ZQAAAAA=", "bAABAQA=", "YSi1L/0AWCEAAAABAQA=",
        "bgAAAAE=", "Sii1L/0AWCEAAAAAAAE=", "bwAAAAEBAA==", "ZQAAAAAAAAAB"})
    EXPECT_EQ(read_done_above(metadata, 100), Ranges{}) << metadata;
}

TEST(DoneAbove, TheCommittedRecordItselfIsNotDone) {
  EXPECT_EQ(read_done_above(runs('e', {0, 3}), 5), (Ranges{{6, 7}}));
  EXPECT_EQ(read_done_above(runs('e', {0, 1}), 5), Ranges{});
}

TEST(DoneAbove, WhatIsNotExactlyTheFormatSaysNothing) {
  const auto nothing = [](const std::string& metadata, core::Offset committed = 5) {
    EXPECT_EQ(read_done_above(metadata, committed), Ranges{}) << metadata;
  };
  nothing("");
  nothing("worker-17.example");
  nothing("ZQAAAAEAAAA");                                       // not padded
  nothing("ZQ==ZQAAAAEA");                                      // padding inside
  nothing(base64("e\x00\x00\x01"));                             // half a number
  nothing(base64("pxxxxxxxx"));                                 // packed, it says
  nothing(runs('e', {1, -2, 3, 4}));                            // backwards
  nothing(runs('e', {1, 0, 3, 4}));                             // a run of nothing
  nothing(runs('e', {2'000'000'000, 2'000'000'000}));           // too far
  nothing(base64(std::string("h") + std::string(7, '\0') + "\x01" + std::string(7, '\0') + "\x02"));  // no release writes it
  nothing(runs('n', {1, 2}), std::numeric_limits<core::Offset>::max());
  nothing(runs('n', {1, 2}), -1);
  nothing(base64(std::string("l\xff\xff\x06", 4)));             // minus one records
  nothing(base64(std::string("o\x7f\xff\xff\xff\x06", 6)));     // more records than bits
  nothing(base64(std::string("l\x00\x03\x06\x05\x04", 6)));     // more bits than records
  nothing(std::string(kMostDoneBytes + 4, 'A'));
}

TEST(DoneAbove, KeepsTheLowestOfTooMany) {
  std::string bytes("o\x00\x00\x80\x00", 5);
  bytes += std::string(4096, '\xaa');
  const Ranges found = read_done_above(base64(bytes), 0);
  ASSERT_EQ(found.size(), kMostDoneRanges);
  EXPECT_EQ(found.front(), (core::Range{1, 1}));
}

}  // namespace
}  // namespace tidemark::kafka
