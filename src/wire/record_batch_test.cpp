#include "wire/record_batch.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "wire/generated/produce.h"
#include "wire/record_batch_reader.h"
#include "wire/recorded_frames_test.h"

namespace tidemark::wire {
namespace {

// A record with its own memory.
struct OwnedRecord {
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;

  bool operator==(const OwnedRecord&) const = default;
};

OwnedRecord random_record(Random& random) {
  OwnedRecord record;
  record.timestamp_ms = random.below(4) == 0 ? random.integer<std::int64_t>() : 1'700'000'000'000;
  random.fill_nullable(record.key, true, 0);
  if (random.below(3) != 0) record.value = random.bytes(random.below(400));
  record.headers.resize(random.below(4));
  for (auto& [key, value] : record.headers) {
    random.fill(key, 0);
    random.fill_nullable(value, true, 0);
  }
  return record;
}

bool add(RecordBatchBuilder& builder, const OwnedRecord& record, std::size_t* predicted = nullptr) {
  std::vector<RecordHeader> headers;
  for (const auto& [key, value] : record.headers) headers.push_back({key, value});
  const NewRecord added{record.timestamp_ms, record.key, record.value, headers};
  if (predicted != nullptr) *predicted = builder.encoded_size_with(added);
  return builder.add(added);
}

std::vector<OwnedRecord> records_of(const RecordBatch& batch) {
  std::vector<OwnedRecord> records;
  RecordReader reader(batch);
  Record record;
  while (reader.next(record) == RecordStatus::record) {
    EXPECT_EQ(record.offset, batch.base_offset + static_cast<std::int64_t>(records.size()));
    OwnedRecord& owned = records.emplace_back();
    owned.timestamp_ms = record.timestamp_ms;
    if (record.key) owned.key = std::string(*record.key);
    if (record.value) owned.value = std::string(*record.value);
    RecordHeaderReader headers = record.headers();
    RecordHeader header;
    while (headers.next(header)) {
      owned.headers.emplace_back(header.key, std::nullopt);
      if (header.value) owned.headers.back().second = std::string(*header.value);
    }
  }
  EXPECT_EQ(reader.next(record), RecordStatus::end);
  return records;
}

TEST(RecordBatchBuilder, ReadsBackAsItWasBuiltWithTheSizePredicted) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    RecordBatchBuilder builder;
    std::vector<OwnedRecord> records;
    for (std::size_t count = 1 + random.below(150); records.size() < count;) {
      records.push_back(random_record(random));
      std::size_t predicted = 0;
      ASSERT_TRUE(add(builder, records.back(), &predicted));
      ASSERT_EQ(builder.encoded_size(), predicted);
    }
    const std::size_t size = builder.encoded_size();
    const std::string bytes = builder.finish({77, 3, 42, seed % 2 == 0});
    EXPECT_EQ(bytes.size(), size);
    EXPECT_EQ(builder.count(), 0);
    EXPECT_EQ(builder.encoded_size(), kRecordBatchOverhead);

    RecordBatchReader reader(bytes);
    RecordBatch batch;
    ASSERT_EQ(reader.next(batch), BatchStatus::batch);
    EXPECT_EQ(batch.base_offset, 0);
    EXPECT_EQ(batch.last_offset(), static_cast<std::int64_t>(records.size()) - 1);
    EXPECT_EQ(batch.producer_id, 77);
    EXPECT_EQ(batch.producer_epoch, 3);
    EXPECT_EQ(batch.base_sequence, 42);
    EXPECT_EQ(batch.is_transactional(), seed % 2 == 0);
    EXPECT_FALSE(batch.is_control());
    EXPECT_EQ(records_of(batch), records);
    EXPECT_EQ(reader.next(batch), BatchStatus::end);
  }
}

TEST(RecordBatchBuilder, WritesTheBytesOfTheJavaClient) {
  for (const char* kafka : {"4.4.0", "3.9.1"}) {
    const RecordedFrame frame = recorded_frame(kafka, "plain", "Produce", "request");
    const auto request = body_of<msg::ProduceRequest, msg::RequestHeader>(frame);
    const std::string java(request.topic_data.at(0).partition_data.at(0).records.value());
    RecordBatch batch;
    ASSERT_EQ(RecordBatchReader(java).next(batch), BatchStatus::batch);

    RecordBatchBuilder builder;
    const std::vector<RecordHeader> headers{{"tidemark-id", "0190"}, {"empty", std::nullopt}};
    ASSERT_TRUE(builder.add({1'700'000'000'000, "k1", "first", headers}));
    ASSERT_TRUE(builder.add({1'700'000'000'250, std::nullopt, "second", {}}));
    ASSERT_TRUE(builder.add({1'699'999'999'000, "", std::nullopt, {}}));
    EXPECT_EQ(to_hex(builder.finish({batch.producer_id, batch.producer_epoch, 0, false})), to_hex(java));
  }
}

TEST(RecordBatchBuilder, TheLargestTimestampIsTheBatchs) {
  RecordBatchBuilder builder;
  for (const std::int64_t timestamp : {5, 9, 2}) ASSERT_TRUE(builder.add({timestamp, std::nullopt, "", {}}));
  const std::string bytes = builder.finish({});
  RecordBatch batch;
  ASSERT_EQ(RecordBatchReader(bytes).next(batch), BatchStatus::batch);
  EXPECT_EQ(batch.base_timestamp_ms, 5);
  EXPECT_EQ(batch.max_timestamp_ms, 9);
  EXPECT_EQ(batch.producer_id, -1);
}

TEST(Restamp, ChangesTheProducerAndNothingElse) {
  RecordBatchBuilder builder;
  const auto fill = [&] {
    for (const char* value : {"a", "b"}) ASSERT_TRUE(builder.add({1, "k", value, {}}));
  };
  fill();
  std::string batch = builder.finish({1, 0, 100, false});
  restamp(batch, {2, 5, 0, false});
  fill();
  EXPECT_EQ(to_hex(batch), to_hex(builder.finish({2, 5, 0, false})));
}

TEST(NextSequence, StartsAgainAtZero) {
  constexpr std::int32_t kLast = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(next_sequence(0, 5), 5);
  EXPECT_EQ(next_sequence(kLast - 1, 1), kLast);
  EXPECT_EQ(next_sequence(kLast, 1), 0);
  EXPECT_EQ(next_sequence(kLast - 2, 5), 2);
}

}  // namespace
}  // namespace tidemark::wire
