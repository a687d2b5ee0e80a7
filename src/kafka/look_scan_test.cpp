#include "kafka/look_scan.h"

#include <gtest/gtest.h>

#include "kafka/test_batches.h"

namespace tidemark::kafka {
namespace {

using Result = core::Sight::Result;
using Next = LookScan::Next;
using test::encode;
using test::LogBatch;
using test::marker;

const Uuid kId{{1, 2, 3}};

LookScan scan_for(std::optional<Uuid> id, core::Offset from, core::Offset until, LookScanLimits limits = {}) {
  core::Look look;
  look.topic = "orders";
  look.from = from;
  look.until = until;
  look.id = id;
  look.number = 7;
  return LookScan(look, limits);
}

// A batch of one record.
std::string data(core::Offset at, std::int64_t producer = -1, std::int16_t attributes = 0) {
  return encode({.base_offset = at,
                 .records = {{at, "k", "v"}},
                 .producer_id = producer,
                 .attributes = attributes,
                 .leader_epoch = 4});
}
std::string in_transaction(core::Offset at, std::int64_t producer) {
  return data(at, producer, wire::kTransactionalBit);
}
std::string with_id(core::Offset at, const Uuid& id) {
  return encode({.base_offset = at,
                 .records = {{at, "k", "v", {{"tidemark-id", Uuid{{9}}.to_string()}}},
                             {at + 1, "k", "v", {{"other", "x"}, {"tidemark-id", id.to_string()}}}},
                 .leader_epoch = 3});
}
// As brokers keep it: the records cannot be read, the header can.
std::string compressed(core::Offset first, core::Offset last, std::int32_t count) {
  return encode(
      {.base_offset = first, .records = {}, .last_offset = last, .attributes = 4, .record_count = count});
}

core::Sight seen(LookScan& scan) {
  EXPECT_EQ(scan.next(), Next::done);
  return scan.sight();
}

TEST(LookScan, FindsTheIdWhereverItStandsInTheRange) {
  auto scan = scan_for(kId, 0, 6);
  scan.read(data(0) + in_transaction(1, 5) + with_id(2, Uuid{{8}}) + with_id(4, kId), 10);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.result, Result::found);
  EXPECT_EQ(sight.offset, 5);
  EXPECT_EQ(sight.leader_epoch, 3);
  EXPECT_EQ(sight.number, 7U);
}

TEST(LookScan, AnIdAboveTheRangeIsNotInIt) {
  auto scan = scan_for(kId, 0, 5);
  scan.read(data(0) + with_id(4, kId), 10);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.result, Result::none);
  EXPECT_EQ(sight.until, 5);
}

TEST(LookScan, AnIdBelowTheRangeIsNotInIt) {
  auto scan = scan_for(kId, 2, 4);
  scan.read(with_id(0, kId) + data(2) + data(3), 10);
  EXPECT_EQ(seen(scan).result, Result::none);
}

TEST(LookScan, ReadsOnUntilTheEndOfTheRange) {
  auto scan = scan_for(kId, 0, 4);
  scan.read(data(0) + data(1), 4);
  EXPECT_EQ(scan.next(), Next::fetch);
  EXPECT_EQ(scan.position(), 2);
  scan.read("", 4);
  EXPECT_EQ(scan.next(), Next::wait);
  scan.read(with_id(2, kId), 4);
  EXPECT_EQ(seen(scan).offset, 3);
}

TEST(LookScan, AnIdThatMayHaveBeenDeletedOrCannotBeReadIsNeverCalledMissing) {
  auto deleted = scan_for(kId, 0, 4);
  deleted.log_begins_at(2);
  EXPECT_EQ(deleted.next(), Next::fetch);
  EXPECT_EQ(deleted.position(), 2);
  deleted.read(data(2) + data(3), 4);
  EXPECT_EQ(seen(deleted).result, Result::failed);

  auto all_deleted = scan_for(kId, 0, 4);
  all_deleted.log_begins_at(9);
  EXPECT_EQ(seen(all_deleted).result, Result::failed);

  auto hidden = scan_for(kId, 0, 4);
  hidden.read(compressed(0, 1, 2) + data(2) + data(3), 4);
  EXPECT_EQ(seen(hidden).result, Result::failed);
}

TEST(LookScan, FindsTheIdInACompressedBatch) {
  auto scan = scan_for(kId, 0, 3);
  scan.read(data(0) + encode({.base_offset = 1,
                              .records = {{1, "k", "v"}, {2, "k", "v", {{"tidemark-id", kId.to_string()}}}},
                              .packed = true}),
            3);
  EXPECT_EQ(seen(scan).offset, 2);
}

TEST(LookScan, AnIdThatIsFoundBesidesWhatCannotBeReadIsFound) {
  auto scan = scan_for(kId, 0, 5);
  scan.log_begins_at(1);
  scan.read(compressed(1, 2, 2) + with_id(3, kId), 5);
  EXPECT_EQ(seen(scan).offset, 4);
}

TEST(LookScan, AnEmptyRangeHoldsNothing) {
  auto scan = scan_for(kId, 4, 4);
  EXPECT_EQ(seen(scan).result, Result::none);
  auto open = scan_for(kId, 4, core::kNoOffset);
  EXPECT_EQ(open.next(), Next::until);
  open.set_until(2);
  EXPECT_EQ(seen(open).result, Result::none);
}

TEST(LookScan, SeesThePlainRecord) {
  auto scan = scan_for({}, 1, 10);
  scan.read(data(0) + marker(1, true, 5) + data(2), 10);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.result, Result::found);
  EXPECT_EQ(sight.offset, 2);
  EXPECT_EQ(sight.leader_epoch, 4);
}

TEST(LookScan, SeesARecordOfATransactionOnceItsMarkerSaysCommitted) {
  auto scan = scan_for({}, 0, 3);
  scan.read(in_transaction(0, 5) + in_transaction(1, 5), 6);
  EXPECT_EQ(scan.next(), Next::fetch);
  scan.read(marker(2, true, 6) + marker(3, true, 5), 6);
  EXPECT_EQ(seen(scan).offset, 0);
}

TEST(LookScan, SeesNothingOfAnAbortedTransactionAndNoMarkers) {
  auto scan = scan_for({}, 0, 4);
  scan.read(in_transaction(0, 5) + in_transaction(1, 6) + marker(2, false, 5) + marker(3, false, 6), 4);
  EXPECT_EQ(seen(scan).result, Result::none);
}

TEST(LookScan, ReadsTheMarkerOfATransactionBeyondTheRange) {
  auto scan = scan_for({}, 0, 1);
  scan.read(in_transaction(0, 5), 3);
  EXPECT_EQ(scan.next(), Next::fetch);
  scan.read(data(1) + marker(2, false, 5), 3);
  EXPECT_EQ(seen(scan).result, Result::none);

  auto committed = scan_for({}, 0, 1);
  committed.read(in_transaction(0, 5) + data(1) + marker(2, true, 5), 3);
  EXPECT_EQ(seen(committed).offset, 0);
}

TEST(LookScan, ATransactionWithoutAMarkerByTheEndOfTheLogIsOpenAndHidesNothingElse) {
  auto scan = scan_for({}, 0, 2);
  scan.read(in_transaction(0, 5) + marker(1, true, 9), 2);
  EXPECT_EQ(seen(scan).result, Result::none);

  auto beside = scan_for({}, 0, 2);
  beside.read(in_transaction(0, 5) + data(1), 2);
  EXPECT_EQ(seen(beside).offset, 1);
}

TEST(LookScan, TheFirstIsNotTheOneWhoseMarkerCameFirst) {
  auto scan = scan_for({}, 0, 4);
  scan.read(in_transaction(0, 5) + in_transaction(1, 6) + marker(2, true, 6), 4);
  EXPECT_EQ(scan.next(), Next::fetch);
  scan.read(marker(3, true, 5), 4);
  EXPECT_EQ(seen(scan).offset, 0);
}

TEST(LookScan, ACompressedBatchIsSeenByItsHeader) {
  auto dense = scan_for({}, 2, 4);
  dense.read(compressed(0, 5, 6), 6);
  EXPECT_EQ(seen(dense).offset, 2);

  // Which of its records compaction left nobody can tell; inside the range all count.
  auto thinned = scan_for({}, 2, 4);
  thinned.read(compressed(0, 5, 3), 6);
  EXPECT_EQ(seen(thinned).result, Result::failed);
  auto inside = scan_for({}, 0, 6);
  inside.read(compressed(0, 5, 3), 6);
  EXPECT_EQ(seen(inside).result, Result::found);
}

TEST(LookScan, OfACompressedBatchThatCompactionThinnedOutTheRecordsInTheRangeCount) {
  const std::string thinned = encode({.base_offset = 0, .records = {{0, "k", "v"}, {5, "k", "v"}}, .packed = true});
  auto between = scan_for({}, 1, 5);
  between.read(thinned, 6);
  EXPECT_EQ(seen(between).result, Result::none);
  auto last = scan_for({}, 1, 6);
  last.read(thinned, 6);
  EXPECT_EQ(seen(last).offset, 5);
}

TEST(LookScan, WhatCompactionEmptiedIsNotSeen) {
  auto scan = scan_for({}, 0, 5);
  scan.read(encode({.base_offset = 0, .records = {}, .last_offset = 2}) +
                encode({.base_offset = 3, .records = {{6, "k", "v"}}}),
            7);
  EXPECT_EQ(seen(scan).result, Result::none);
}

TEST(LookScan, WhatWasDeletedIsNotVisible) {
  auto scan = scan_for({}, 0, 4);
  scan.log_begins_at(3);
  scan.read(data(3), 4);
  EXPECT_EQ(seen(scan).offset, 3);
  auto all = scan_for({}, 0, 4);
  all.log_begins_at(8);
  EXPECT_EQ(seen(all).result, Result::none);
}

TEST(LookScan, TellsTheLastRecordThatIsSeenOnceAllWasRead) {
  auto scan = scan_for({}, 0, 8);
  scan.read(data(0) + marker(1, true, 9) + in_transaction(2, 5) + in_transaction(3, 5) + marker(4, true, 5) +
                in_transaction(5, 6) + marker(6, false, 6) + marker(7, true, 9) + data(8),
            9);
  const auto sight = seen(scan);
  EXPECT_EQ(sight.result, Result::found);
  EXPECT_EQ(sight.offset, 0);
  EXPECT_EQ(sight.last, 3);
  EXPECT_TRUE(sight.complete);

  auto nothing = scan_for({}, 5, 8);
  nothing.read(in_transaction(5, 6) + marker(6, false, 6) + marker(7, true, 9), 8);
  EXPECT_EQ(seen(nothing).result, Result::none);
  EXPECT_TRUE(nothing.sight().complete);
}

TEST(LookScan, WhatWasNotReadOrIsOpenOrGoneLeavesTheLastRecordUnknown) {
  auto part = scan_for({}, 0, 8);
  part.read(data(0) + data(1), 8);
  EXPECT_EQ(seen(part).last, 1);
  EXPECT_FALSE(part.sight().complete);

  auto open = scan_for({}, 0, 2);
  open.read(data(0) + in_transaction(1, 5), 2);
  EXPECT_EQ(seen(open).last, 0);
  EXPECT_FALSE(open.sight().complete);
  auto only_open = scan_for({}, 0, 1);
  only_open.read(in_transaction(0, 5), 1);
  EXPECT_EQ(seen(only_open).result, Result::none);
  EXPECT_FALSE(only_open.sight().complete);

  auto deleted = scan_for({}, 0, 4);
  deleted.log_begins_at(3);
  deleted.read(marker(3, true, 1), 4);
  EXPECT_EQ(seen(deleted).result, Result::none);
  EXPECT_FALSE(deleted.sight().complete);

  auto unreadable = scan_for({}, 0, 7);
  unreadable.read(data(0) + compressed(1, 6, 3), 7);
  EXPECT_FALSE(seen(unreadable).complete);
}

TEST(LookScan, AnEndThatIsNotThereYetIsWaitedFor) {
  auto scan = scan_for({}, 3, 5);
  scan.log_begins_at(0);
  EXPECT_EQ(scan.next(), Next::wait);
  scan.read("", 3);
  EXPECT_EQ(scan.next(), Next::wait);
  scan.read(marker(3, true, 1) + marker(4, true, 1), 5);
  EXPECT_EQ(seen(scan).result, Result::none);
}

TEST(LookScan, IsBounded) {
  auto scan = scan_for(kId, 0, 100, {.bytes = 100});
  scan.read(data(0) + data(1), 100);
  EXPECT_EQ(seen(scan).result, Result::failed);

  auto crowded = scan_for({}, 0, 4, {.open = 1});
  crowded.read(in_transaction(0, 1) + in_transaction(1, 2) + marker(2, false, 1) + marker(3, true, 2), 4);
  EXPECT_EQ(seen(crowded).result, Result::failed);
}

TEST(LookScan, CorruptBytesAreReadAgainAndNotForEver) {
  std::string bytes = data(0);
  bytes.back() = '!';
  auto scan = scan_for({}, 0, 1, {.corrupt_reads = 2});
  scan.read(bytes, 1);
  EXPECT_EQ(scan.next(), Next::wait);
  scan.read(bytes, 1);
  EXPECT_EQ(seen(scan).result, Result::failed);
}

}  // namespace
}  // namespace tidemark::kafka
