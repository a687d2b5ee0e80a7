// LookScan by origin; the rest is in look_scan_test.cpp.
#include <gtest/gtest.h>

#include "kafka/look_scan.h"
#include "kafka/test_batches.h"

namespace tidemark::kafka {
namespace {

using Result = core::Sight::Result;
using Next = LookScan::Next;
using test::encode;
using test::marker;

const Uuid kId{{1, 2, 3}};
const std::vector<std::pair<std::string, std::string>> kOurs{{"tidemark-id", kId.to_string()}};

LookScan scan_for(core::Offset from, core::Offset until, bool dead_letters = false, LookScanLimits limits = {}) {
  core::Look look;
  look.topic = "orders-dlt";
  look.from = from;
  look.until = until;
  look.number = 7;
  look.origin.emplace();
  look.origin->id = kId;
  look.origin->dead_letters = dead_letters;
  return LookScan(look, limits);
}

// A batch of one record.
std::string data(core::Offset at, bool ours, std::int64_t producer = -1,
                 const std::vector<std::pair<std::string, std::string>>& more = {}) {
  auto headers = ours ? kOurs : std::vector<std::pair<std::string, std::string>>{};
  headers.insert(headers.end(), more.begin(), more.end());
  return encode({.base_offset = at,
                 .records = {{at, "k", "v", headers}},
                 .producer_id = producer,
                 .attributes = producer < 0 ? std::int16_t{0} : wire::kTransactionalBit,
                 .leader_epoch = static_cast<std::int32_t>(at)});
}

core::Sight seen(LookScan& scan) {
  EXPECT_EQ(scan.next(), Next::done);
  return scan.sight();
}

TEST(LookScanOrigin, TellsTheFirstAndTheLastOfTheRange) {
  auto scan = scan_for(2, 8);
  scan.read(data(0, true) + data(1, true) + data(2, false) + data(3, true) + data(4, false), 12);
  EXPECT_EQ(scan.next(), Next::fetch);
  EXPECT_EQ(scan.position(), 5);
  scan.read(data(5, true) + data(6, true) + data(7, false) + data(8, true), 12);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.result, Result::found);
  EXPECT_EQ(sight.offset, 3);
  EXPECT_EQ(sight.leader_epoch, 3);
  EXPECT_EQ(sight.last, 6);
  EXPECT_EQ(sight.number, 7U);
  EXPECT_EQ(sight.until, 8);
  EXPECT_TRUE(sight.complete);
  EXPECT_EQ(sight.reason, "");
}

TEST(LookScanOrigin, FindsThemInsideABatchAndPacked) {
  auto scan = scan_for(1, 4);
  scan.read(encode({.base_offset = 0,
                    .records = {{0, "k", "v", kOurs}, {1, "k", "v"}, {2, "k", "v", kOurs}, {3, "k", "v", kOurs},
                                {4, "k", "v", kOurs}},
                    .packed = true}),
            5);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.offset, 2);
  EXPECT_EQ(sight.last, 3);
}

TEST(LookScanOrigin, NoneIsCompleteOnceAllWasRead) {
  auto scan = scan_for(0, 2);
  scan.read(data(0, false), 2);
  EXPECT_EQ(scan.next(), Next::fetch);
  scan.read(data(1, false), 2);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.result, Result::none);
  EXPECT_TRUE(sight.complete);
  auto empty = scan_for(4, 4);
  EXPECT_EQ(seen(empty).result, Result::none);
  EXPECT_TRUE(empty.sight().complete);
}

TEST(LookScanOrigin, WhatWasAbortedDoesNotCountWhatWasCommittedDoes) {
  auto scan = scan_for(0, 4);
  scan.read(data(0, true, 5) + data(1, true, 6) + data(2, true, 5), 8);
  EXPECT_EQ(scan.next(), Next::fetch);
  scan.read(marker(3, false, 5) + data(4, false), 8);
  EXPECT_EQ(scan.next(), Next::fetch);
  scan.read(marker(5, true, 6), 8);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.result, Result::found);
  EXPECT_EQ(sight.offset, 1);
  EXPECT_EQ(sight.last, 1);
  EXPECT_TRUE(sight.complete);

  auto all = scan_for(0, 2);
  all.read(data(0, true, 5) + marker(1, false, 5), 2);
  EXPECT_EQ(seen(all).result, Result::none);
  EXPECT_TRUE(all.sight().complete);
}

TEST(LookScanOrigin, WhatIsOpenAtTheEndOfTheLogCounts) {
  auto scan = scan_for(0, 2);
  scan.read(data(0, true, 5) + data(1, true, 5), 3);
  EXPECT_EQ(scan.next(), Next::fetch);
  scan.read(data(2, false), 3);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.result, Result::found);
  EXPECT_EQ(sight.offset, 0);
  EXPECT_EQ(sight.last, 1);
  EXPECT_TRUE(sight.complete);
}

// Found by the simulator, seed 77000005263: the transaction was aborted, and nobody had failed.
TEST(LookScanOrigin, ADeadLetterOfAnOpenTransactionIsWaitedFor) {
  const auto open = [] {
    auto scan = scan_for(0, 2, true, {.undecided_reads = 3});
    scan.read(data(0, true, 5) + data(1, false), 2);
    EXPECT_EQ(scan.next(), Next::wait);
    scan.read({}, 2);
    EXPECT_EQ(scan.next(), Next::wait);
    return scan;
  };
  auto committed = open();
  committed.read(marker(2, true, 5), 3);
  EXPECT_EQ(seen(committed).result, Result::found);
  auto aborted = open();
  aborted.read(marker(2, false, 5), 3);
  EXPECT_EQ(seen(aborted).result, Result::none);
  auto hung = open();
  hung.read({}, 2);
  EXPECT_EQ(hung.next(), Next::wait);
  hung.read({}, 2);
  EXPECT_EQ(seen(hung).result, Result::failed) << "to be asked again";
  auto beside = scan_for(0, 2, true);
  beside.read(data(0, true, 5) + data(1, true), 2);
  EXPECT_EQ(seen(beside).offset, 1) << "one that everybody sees is enough";
}

TEST(LookScanOrigin, AStrangersOpenTransactionIsNotWaitedFor) {
  auto scan = scan_for(0, 2);
  scan.read(data(0, false, 5) + data(1, true), 50);
  EXPECT_EQ(seen(scan).offset, 1);
}

TEST(LookScanOrigin, WhatWasDeletedIsNobodys) {
  auto scan = scan_for(0, 4);
  scan.log_begins_at(3);
  scan.read(data(3, false), 4);
  EXPECT_EQ(seen(scan).result, Result::none);
  EXPECT_TRUE(scan.sight().complete);
  auto all = scan_for(0, 4);
  all.log_begins_at(9);
  EXPECT_EQ(seen(all).result, Result::none);
  EXPECT_TRUE(all.sight().complete);
}

TEST(LookScanOrigin, WhatCannotBeReadMakesItFailedUnlessOneIsFound) {
  // As brokers keep it: the header can be read, the records cannot.
  const std::string hidden =
      encode({.base_offset = 0, .records = {}, .last_offset = 1, .attributes = 4, .record_count = 2});
  auto scan = scan_for(0, 3);
  scan.read(hidden + data(2, false), 3);
  EXPECT_EQ(seen(scan).result, Result::failed);
  auto beside = scan_for(0, 3);
  beside.read(hidden + data(2, true), 3);
  EXPECT_EQ(seen(beside).result, Result::found);
  EXPECT_FALSE(beside.sight().complete);

  std::string bytes = data(0, true);
  bytes.back() = '!';
  auto corrupt = scan_for(0, 1, false, {.corrupt_reads = 2});
  corrupt.read(bytes, 1);
  EXPECT_EQ(corrupt.next(), Next::wait);
  corrupt.read(bytes, 1);
  EXPECT_EQ(seen(corrupt).result, Result::failed);
}

TEST(LookScanOrigin, IsBounded) {
  auto nothing = scan_for(0, 100, false, {.bytes = 100});
  nothing.read(data(0, false) + data(1, false), 100);
  EXPECT_EQ(seen(nothing).result, Result::failed);
  auto part = scan_for(0, 100, false, {.bytes = 100});
  part.read(data(0, true) + data(1, false), 100);
  EXPECT_EQ(seen(part).result, Result::found);
  EXPECT_FALSE(part.sight().complete);
  auto crowded = scan_for(0, 4, false, {.open = 1});
  crowded.read(data(0, true, 1) + data(1, true, 2) + marker(2, false, 1) + marker(3, true, 2), 4);
  EXPECT_EQ(seen(crowded).result, Result::failed);
}

TEST(LookScanOrigin, OfDeadLettersTheFirstOnesReasonIsTold) {
  auto scan = scan_for(0, 3, true);
  scan.read(data(0, false, -1, {{"kafka_dlt-exception-message", "a stranger's"}}) +
                data(1, true, -1, {{"kafka_dlt-exception-message", "out of\nstock"}}) +
                data(2, true, -1, {{"kafka_dlt-exception-message", "again"}}),
            3);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.reason, "out of stock");
  EXPECT_EQ(sight.last, 2);
}

TEST(LookScanOrigin, TheReasonIsOfTheFirstThoughItsMarkerComesLast) {
  auto scan = scan_for(0, 2, true);
  scan.read(data(0, true, 5, {{"kafka_dlt-exception-message", "first"}}) +
                data(1, true, -1, {{"kafka_dlt-exception-message", "second"}}) + marker(2, true, 5),
            3);
  EXPECT_EQ(seen(scan).reason, "first");
  EXPECT_EQ(scan.sight().offset, 0);
}

TEST(LookScanOrigin, AnIdBesideTheOriginIsNotAsked) {
  core::Look look;
  look.until = 2;
  look.id = Uuid{{8}};
  look.origin.emplace();
  look.origin->id = kId;
  LookScan scan(look);
  scan.read(data(0, true) + data(1, true), 2);
  EXPECT_EQ(seen(scan).last, 1);
}

}  // namespace
}  // namespace tidemark::kafka
