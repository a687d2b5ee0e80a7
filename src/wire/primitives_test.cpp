#include "wire/primitives.h"

#include <gtest/gtest.h>

#include <limits>

#include "wire/bytes_test.h"

namespace tidemark::wire {
namespace {

TEST(Writer, WritesBigEndian) {
  Writer w;
  w.int8(-2);
  w.int16(0x0102);
  w.int32(-2);
  w.int64(0x0102030405060708);
  w.uint16(0xfffe);
  w.uint32(0xfffefdfc);
  w.boolean(true);
  w.float64(1.0);
  EXPECT_EQ(to_hex(w.str()), "fe" "0102" "fffffffe" "0102030405060708" "fffe" "fffefdfc" "01" "3ff0000000000000");
}

TEST(Writer, AppendsToTheStringItIsGiven) {
  std::string out = "x";
  Writer w(out);
  w.string("ab");
  EXPECT_EQ(to_hex(out), "78" "0002" "6162");
}

TEST(Writer, WritesLengthsInBothForms) {
  Writer w;
  w.nullable_string(std::nullopt);
  w.bytes("a");
  w.nullable_bytes(std::nullopt);
  w.compact_string("a");
  w.compact_nullable_string(std::nullopt);
  w.array_length(2);
  w.array_length(std::nullopt);
  w.compact_array_length(127);
  w.compact_array_length(std::nullopt);
  EXPECT_EQ(to_hex(w.str()), "ffff" "0000000161" "ffffffff" "0261" "00" "00000002" "ffffffff" "8001" "00");
}

TEST(Writer, FailsOnAStringTheProtocolCannotSay) {
  Writer w;
  w.string(std::string(32767, 'a'));
  EXPECT_TRUE(w.ok());
  w.string(std::string(32768, 'a'));
  EXPECT_FALSE(w.ok());
}

TEST(Writer, ATagIsItsNumberItsSizeAndItsValue) {
  Writer w;
  const std::size_t begin = w.begin_tag(3);
  w.raw(std::string(200, 'a'));
  w.end_tag(begin);
  EXPECT_EQ(to_hex(w.str().substr(0, 4)), "03" "c801" "61");
  EXPECT_EQ(w.size(), 203U);
}

TEST(Writer, PatchesASizeOnceItIsKnown) {
  Writer w;
  w.int32(0);
  w.raw("abc");
  w.patch_int32(0, 3);
  EXPECT_EQ(to_hex(w.str()), "00000003" "616263");
}

// Vectors of Protocol Buffers' documentation ("Encoding"), whose varints these are.
TEST(Varints, AreKnownBytes) {
  Writer w;
  w.uvarint(1);
  w.uvarint(150);
  w.varint(0);
  w.varint(-1);
  w.varint(1);
  w.varint(std::numeric_limits<std::int32_t>::max());
  w.varint(std::numeric_limits<std::int32_t>::min());
  w.varlong(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(to_hex(w.str()), "01" "9601" "00" "01" "02" "feffffff0f" "ffffffff0f" "ffffffffffffffffff01");
}

TEST(Varints, RoundTripWithThePredictedSize) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto small = random.integer<std::int32_t>();
    const auto large = random.integer<std::int64_t>();
    Writer w;
    w.varint(small);
    EXPECT_EQ(w.size(), uvarint_size(zigzag32(small)));
    w.varlong(large);
    EXPECT_EQ(w.size(), uvarint_size(zigzag32(small)) + uvarint_size(zigzag64(large)));
    Reader r(w.str());
    EXPECT_EQ(r.varint(), small);
    EXPECT_EQ(r.varlong(), large);
    EXPECT_TRUE(r.ok() && r.at_end());
  }
}

TEST(Varints, RefuseMoreBitsThanTheTypeHas) {
  EXPECT_EQ(Reader(from_hex("ffffffff0f")).uvarint(), 0xffffffffU);
  for (const char* hex : {"ffffffff1f", "ffffffff8f00", "808080808000", "ffffffff", ""}) {
    const std::string bytes = from_hex(hex);
    Reader r(bytes);
    EXPECT_EQ(r.uvarint(), 0U) << hex;
    EXPECT_FALSE(r.ok()) << hex;
  }
  for (const char* hex : {"ffffffffffffffffff02", "8080808080808080808000", "ff"}) {
    const std::string bytes = from_hex(hex);
    Reader r(bytes);
    EXPECT_EQ(r.uvarint64(), 0U) << hex;
    EXPECT_FALSE(r.ok()) << hex;
  }
}

TEST(Reader, ReadsWhatTheWriterWrote) {
  const Uuid id{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  Writer w;
  w.uuid(id);
  w.boolean(false);
  w.float64(-0.5);
  w.uint32(7);
  w.nullable_string("abc");
  w.compact_nullable_bytes("");
  Reader r(w.str());
  EXPECT_EQ(r.uuid(), id);
  EXPECT_FALSE(r.boolean());
  EXPECT_EQ(r.float64(), -0.5);
  EXPECT_EQ(r.uint32(), 7U);
  EXPECT_EQ(r.nullable_string(), "abc");
  EXPECT_EQ(r.compact_nullable_bytes(), "");
  EXPECT_TRUE(r.ok() && r.at_end());
}

TEST(Reader, AFailureSticksAndReadsNothingMore) {
  const std::string bytes = from_hex("0005 61 62 63");
  Reader r(bytes);
  EXPECT_EQ(r.string(), "");
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.int32(), 0);
  EXPECT_EQ(r.rest(), "");
  EXPECT_TRUE(r.at_end());
  EXPECT_EQ(r.nullable_string(), std::nullopt);
  EXPECT_EQ(r.nullable_array_length(1), std::nullopt);
}

TEST(Reader, NullFailsOnlyWhereItIsNotAllowed) {
  const std::string ordinary = from_hex("ffff");
  EXPECT_EQ(Reader(ordinary).nullable_string(), std::nullopt);
  Reader string(ordinary);
  string.string();
  EXPECT_FALSE(string.ok());
  const std::string compact = from_hex("00");
  Reader array(compact);
  EXPECT_EQ(array.compact_nullable_array_length(1), std::nullopt);
  EXPECT_TRUE(array.ok());
  Reader bytes(compact);
  bytes.compact_bytes();
  EXPECT_FALSE(bytes.ok());
}

TEST(Reader, RefusesNegativeLengths) {
  const std::string bytes = from_hex("fffffffe");
  Reader string(std::string_view(bytes).substr(2));
  string.nullable_string();
  EXPECT_FALSE(string.ok());
  Reader data(bytes);
  data.nullable_bytes();
  EXPECT_FALSE(data.ok());
  Reader array(bytes);
  array.nullable_array_length(1);
  EXPECT_FALSE(array.ok());
}

TEST(Reader, BelievesNoCountThatCannotBeThere) {
  const std::string hostile = from_hex("7fffffff 00000000");
  Reader refused(hostile);
  EXPECT_EQ(refused.array_length(1), 0U);
  EXPECT_FALSE(refused.ok());
  const std::string four = from_hex("00000002 00000000");
  EXPECT_EQ(Reader(four).array_length(2), 2U);
  Reader too_many(four);
  EXPECT_EQ(too_many.array_length(3), 0U);
  EXPECT_FALSE(too_many.ok());
}

TEST(Reader, SkipsTagsThatAscendAndRefusesOthers) {
  const std::string good = from_hex("02 01 02 aabb 05 00");
  Reader r(good);
  r.skip_tags();
  EXPECT_TRUE(r.ok() && r.at_end());
  for (const char* hex : {"02 05 00 01 00", "02 01 00 01 00", "01 00 05 aa", "ffffffff0f 00 00"}) {
    const std::string bytes = from_hex(hex);
    Reader bad(bytes);
    bad.skip_tags();
    EXPECT_FALSE(bad.ok()) << hex;
  }
}

}  // namespace
}  // namespace tidemark::wire
