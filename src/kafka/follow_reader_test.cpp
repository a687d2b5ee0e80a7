#include "kafka/follow_reader.h"

#include <gtest/gtest.h>

#include "kafka/test_batches.h"

namespace tidemark::kafka {
namespace {

using test::encode;
using test::marker;

class FollowReaderTest : public testing::Test {
 protected:
  bool read(const std::string& bytes, FollowReader::Aborted aborted = {}) {
    return reader_.read(bytes, std::move(aborted), [this](const wire::Record& record) {
      told_.push_back(std::to_string(record.offset) + "=" + std::string(record.value.value_or("-")));
    });
  }
  static std::string data(core::Offset at, const std::string& value, std::int64_t producer = -1,
                          std::int16_t attributes = 0) {
    return encode({.base_offset = at,
                   .records = {{at, "k", value}},
                   .producer_id = producer,
                   .attributes = attributes});
  }

  FollowReader reader_;
  std::vector<std::string> told_;
};

using Told = std::vector<std::string>;

TEST_F(FollowReaderTest, TellsRecordsInOrderAndOnce) {
  EXPECT_TRUE(read(data(0, "a") + encode({.base_offset = 1, .records = {{1, "k", "b"}, {2, "k", std::nullopt}}})));
  EXPECT_EQ(reader_.position(), 3);
  EXPECT_TRUE(read(encode({.base_offset = 1, .records = {{1, "k", "b"}, {2, "k", std::nullopt}}}) + data(3, "c")));
  EXPECT_EQ(told_, (Told{"0=a", "1=b", "2=-", "3=c"}));
}

TEST_F(FollowReaderTest, ReadsCompressedBatches) {
  const std::string packed = encode({.base_offset = 1, .records = {{1, "k", "b"}, {2, "k", "c"}}, .packed = true});
  EXPECT_TRUE(read(data(0, "a") + packed + data(3, "d")));
  EXPECT_EQ(told_, (Told{"0=a", "1=b", "2=c", "3=d"}));
  EXPECT_EQ(reader_.counters().skipped_batches, 0U);
}

TEST_F(FollowReaderTest, BeginsInTheMiddleOfABatch) {
  reader_.begin(2);
  EXPECT_TRUE(read(encode({.base_offset = 1, .records = {{1, "k", "b"}, {2, "k", "c"}}})));
  EXPECT_EQ(told_, (Told{"2=c"}));
}

TEST_F(FollowReaderTest, LeavesOutAbortedTransactionsOnly) {
  const std::string bytes = data(0, "gone", 7, wire::kTransactionalBit) + data(1, "kept", 8, wire::kTransactionalBit) +
                            data(2, "plain", 7) + marker(3, false, 7) + data(4, "next", 7, wire::kTransactionalBit) +
                            marker(5, true, 7) + marker(6, true, 8);
  EXPECT_TRUE(read(bytes, {{7, 0}}));
  EXPECT_EQ(told_, (Told{"1=kept", "2=plain", "4=next"}));
  EXPECT_EQ(reader_.counters().aborted_batches, 1U);
  EXPECT_EQ(reader_.position(), 7);
}

TEST_F(FollowReaderTest, SkipsWhatCannotBeReadAndCountsIt) {
  FollowReadLimits limits;
  limits.record_bytes = 100;
  reader_ = FollowReader(limits);
  std::string malformed = encode({.base_offset = 2, .records = {{2, "k", "x"}}, .record_count = 9});
  const std::string huge = data(3, std::string(200, 'x'));
  EXPECT_TRUE(read(data(0, "a") + data(1, "packed", -1, 4) + malformed + huge + data(4, "b")));
  EXPECT_EQ(told_, (Told{"0=a", "2=x", "4=b"}));
  EXPECT_EQ(reader_.counters().skipped_batches, 2U);
  EXPECT_EQ(reader_.counters().skipped_records, 1U);
}

TEST_F(FollowReaderTest, ACorruptBatchIsReadAgainThenSkippedWhole) {
  std::string corrupt = encode({.base_offset = 1, .records = {{1, "k", "b"}, {2, "k", "c"}}});
  corrupt.back() = '!';
  const std::string bytes = data(0, "a") + corrupt + data(3, "d");
  for (int i = 1; i < FollowReadLimits{}.corrupt_reads; ++i) {
    EXPECT_FALSE(read(bytes));
    EXPECT_EQ(reader_.position(), 1);
  }
  EXPECT_TRUE(read(bytes));
  EXPECT_EQ(reader_.position(), 3);
  EXPECT_TRUE(read(data(3, "d")));
  EXPECT_EQ(told_, (Told{"0=a", "3=d"}));
  EXPECT_EQ(reader_.counters().skipped_batches, 1U);
}

TEST_F(FollowReaderTest, ACorruptBatchWhoseEndCannotBeBelievedIsSkippedByOne) {
  std::string corrupt = encode({.base_offset = 0, .records = {{0, "k", "b"}}});
  corrupt[wire::layout::kLastOffsetDelta] = '\x7f';
  for (int i = 1; i < FollowReadLimits{}.corrupt_reads; ++i) EXPECT_FALSE(read(corrupt));
  EXPECT_TRUE(read(corrupt));
  EXPECT_EQ(reader_.position(), 1);
}

}  // namespace
}  // namespace tidemark::kafka
