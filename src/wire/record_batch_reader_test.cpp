#include "wire/record_batch_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "wire/crc32c.h"
#include "wire/generated/consumer_group_member_metadata_record.h"
#include "wire/generated/consumer_group_metadata_record.h"
#include "wire/generated/fetch.h"
#include "wire/generated/group_metadata_record.h"
#include "wire/generated/offset_commit_record.h"
#include "wire/record_batch_layout.h"
#include "wire/recorded_frames_test.h"

namespace tidemark::wire {
namespace {

// The record data of the first partition of a recorded Fetch response.
std::string fetched(const std::string& kafka, const std::string& about) {
  const RecordedFrame frame = recorded_frame(kafka, about, "Fetch", "response");
  const auto response = body_of<msg::FetchResponse, msg::ResponseHeader>(frame);
  return std::string(response.responses.at(0).partitions.at(0).records.value());
}

std::string small_batch(int records = 2) {
  RecordBatchBuilder builder;
  const std::vector<RecordHeader> headers{{"h", "v"}};
  for (int i = 0; i < records; ++i) EXPECT_TRUE(builder.add({1000, "key", "value", headers}));
  return builder.finish({9, 1, 0, false});
}

void put(std::string& bytes, std::size_t position, std::string_view hex) {
  const std::string value = from_hex(hex);
  bytes.replace(position, value.size(), value);
}

void renew_checksum(std::string& batch) {
  Writer w;
  w.uint32(crc32c(std::string_view(batch).substr(layout::kAttributes)));
  batch.replace(layout::kCrc, 4, w.str());
}

// Reads everything there is; returns how it ended, with the records' count added.
BatchStatus walk(std::string_view bytes, int* records = nullptr) {
  RecordBatchReader reader(bytes);
  RecordBatch batch;
  for (;;) {
    const BatchStatus status = reader.next(batch);
    if (status == BatchStatus::other_magic) continue;
    if (status != BatchStatus::batch) return status;
    RecordReader record_reader(batch);
    Record record;
    while (record_reader.next(record) == RecordStatus::record) {
      EXPECT_GE(record.offset, batch.base_offset);
      EXPECT_LE(record.offset, batch.last_offset());
      RecordHeaderReader headers = record.headers();
      RecordHeader header;
      int count = 0;
      while (headers.next(header)) ++count;
      EXPECT_EQ(count, record.header_count);
      control_type(record);
      if (records != nullptr) ++*records;
    }
  }
}

class ReadRecorded : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Kafka, ReadRecorded, testing::Values("4.4.0", "3.9.1"), [](const auto& tested) {
  return tested.param == "4.4.0" ? "v4_4_0" : "v3_9_1";
});

TEST_P(ReadRecorded, PlainRecords) {
  const std::string bytes = fetched(GetParam(), "plain");
  RecordBatchReader reader(bytes);
  RecordBatch batch;
  ASSERT_EQ(reader.next(batch), BatchStatus::batch);
  EXPECT_EQ(batch.last_offset(), 2);
  EXPECT_EQ(batch.record_count, 3);
  EXPECT_EQ(batch.partition_leader_epoch, 0);
  RecordReader records(batch);
  Record record;
  ASSERT_EQ(records.next(record), RecordStatus::record);
  EXPECT_EQ(record.key, "k1");
  EXPECT_EQ(record.value, "first");
  EXPECT_EQ(record.timestamp_ms, 1'700'000'000'000);
  RecordHeaderReader headers = record.headers();
  RecordHeader header;
  ASSERT_TRUE(headers.next(header));
  EXPECT_EQ(header, (RecordHeader{"tidemark-id", "0190"}));
  ASSERT_TRUE(headers.next(header));
  EXPECT_EQ(header, (RecordHeader{"empty", std::nullopt}));
  EXPECT_FALSE(headers.next(header));
  ASSERT_EQ(records.next(record), RecordStatus::record);
  EXPECT_EQ(record.key, std::nullopt);
  EXPECT_EQ(record.timestamp_ms, 1'700'000'000'250);
  ASSERT_EQ(records.next(record), RecordStatus::record);
  EXPECT_EQ(record.key, "");
  EXPECT_EQ(record.value, std::nullopt);
  EXPECT_EQ(record.offset, 2);
  EXPECT_EQ(records.next(record), RecordStatus::end);
  EXPECT_EQ(reader.next(batch), BatchStatus::end);
}

TEST_P(ReadRecorded, CompressedRecordsAreNamedAsSuch) {
  const std::string bytes = fetched(GetParam(), "squeezed");
  RecordBatch batch;
  ASSERT_EQ(RecordBatchReader(bytes).next(batch), BatchStatus::batch);
  EXPECT_EQ(batch.compression_id(), static_cast<std::int16_t>(Compression::gzip));
  EXPECT_EQ(batch.record_count, 1);
  Record record;
  EXPECT_EQ(RecordReader(batch).next(record), RecordStatus::unsupported_compression);
}

TEST_P(ReadRecorded, TransactionsEndInControlBatches) {
  const std::string bytes = fetched(GetParam(), "transactional");
  RecordBatchReader reader(bytes);
  RecordBatch batch;
  Record record;
  std::string seen;
  std::int64_t producer = -1;
  while (reader.next(batch) == BatchStatus::batch) {
    EXPECT_TRUE(batch.is_transactional());
    if (producer == -1) producer = batch.producer_id;
    EXPECT_EQ(batch.producer_id, producer);
    ASSERT_EQ(RecordReader(batch).next(record), RecordStatus::record);
    if (!batch.is_control()) {
      seen += std::string(record.value.value_or("null")) + " ";
    } else {
      const auto type = control_type(record);
      seen += type == ControlType::commit ? "COMMIT " : type == ControlType::abort ? "ABORT " : "? ";
    }
  }
  EXPECT_EQ(seen, "commit COMMIT abort ABORT ");
  EXPECT_EQ(reader.next(batch), BatchStatus::end);
}

// Every record of a real __consumer_offsets is one that the generated keys and
// values describe, and encodes to the same bytes; or has a type not generated.
template <class Message>
void expect_same(std::string_view bytes, std::int16_t version, Message& message) {
  Reader r(bytes);
  r.int16();
  ASSERT_TRUE(message.decode(r, version)) << to_hex(bytes);
  EXPECT_TRUE(r.at_end());
  Writer w;
  w.raw(bytes.substr(0, 2));
  message.encode(w, version);
  EXPECT_TRUE(w.ok());
  EXPECT_EQ(to_hex(w.str()), to_hex(bytes));
}

template <class Key, class Value>
std::pair<Key, Value> expect_same(const Record& record) {
  std::pair<Key, Value> pair;
  expect_same(*record.key, 0, pair.first);
  if (record.value) expect_same(*record.value, Reader(*record.value).int16(), pair.second);
  return pair;
}

TEST_P(ReadRecorded, ConsumerOffsets) {
  const std::string bytes = fetched(GetParam(), "records");
  std::map<std::string, std::int64_t> commits;
  std::map<int, int> types;
  RecordBatchReader reader(bytes);
  RecordBatch batch;
  while (reader.next(batch) == BatchStatus::batch) {
    RecordReader records(batch);
    Record record;
    while (records.next(record) == RecordStatus::record) {
      const std::int16_t type = Reader(*record.key).int16();
      ++types[type];
      if (type == msg::OffsetCommitKey::kRecordType) {
        const auto [key, value] = expect_same<msg::OffsetCommitKey, msg::OffsetCommitValue>(record);
        commits[key.group + " " + key.topic + " " + std::to_string(key.partition)] = value.offset;
      } else if (type == msg::GroupMetadataKey::kRecordType) {
        expect_same<msg::GroupMetadataKey, msg::GroupMetadataValue>(record);
      } else if (type == msg::ConsumerGroupMetadataKey::kRecordType) {
        expect_same<msg::ConsumerGroupMetadataKey, msg::ConsumerGroupMetadataValue>(record);
      } else if (type == msg::ConsumerGroupMemberMetadataKey::kRecordType) {
        const auto [key, value] =
            expect_same<msg::ConsumerGroupMemberMetadataKey, msg::ConsumerGroupMemberMetadataValue>(record);
        EXPECT_EQ(key.group_id, "modern-group");
        EXPECT_EQ(value.subscribed_topic_names.size(), record.value ? 1U : 0U);
      }
    }
    EXPECT_EQ(records.next(record), RecordStatus::end);
  }
  EXPECT_EQ(reader.next(batch), BatchStatus::end);
  EXPECT_EQ(commits["classic-group views 0"], 3);
  EXPECT_EQ(commits["manual-group views 1"], 7);
  EXPECT_GT(types[msg::GroupMetadataKey::kRecordType], 0);
  const int modern = GetParam() == "4.4.0" ? 1 : 0;
  EXPECT_EQ(types[msg::ConsumerGroupMetadataKey::kRecordType] > 0, modern == 1);
  EXPECT_EQ(types[msg::ConsumerGroupMemberMetadataKey::kRecordType] > 0, modern == 1);
  EXPECT_EQ(commits.contains("modern-group views 0"), modern == 1);
}

TEST_P(ReadRecorded, EveryTruncationEndsAtABatch) {
  for (const char* about : {"plain", "squeezed", "transactional", "records"}) {
    const std::string bytes = fetched(GetParam(), about);
    int all = 0, seen = 0;
    ASSERT_EQ(walk(bytes, &all), BatchStatus::end);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const ExactBytes cut(std::string_view(bytes).substr(0, length));
      int some = 0;
      const BatchStatus status = walk(cut.view(), &some);
      EXPECT_TRUE(status == BatchStatus::truncated || status == BatchStatus::end) << length;
      EXPECT_GE(some, seen);
      seen = some;
    }
    EXPECT_LE(seen, all);
  }
}

TEST(RecordBatchReader, RefusesDamage) {
  const std::string bytes = small_batch();
  for (std::size_t bit = layout::kMagic * 8; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const BatchStatus status = walk(ExactBytes(damaged).view());
    if (bit / 8 == layout::kMagic) {
      EXPECT_EQ(status, BatchStatus::end);  // another magic, walked over
    } else {
      EXPECT_EQ(status, BatchStatus::corrupt) << bit;
    }
  }
}

TEST(RecordBatchReader, SurvivesDamageWithARightChecksum) {
  Random random(5);
  const std::string bytes = small_batch(5);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = with_flipped_bits(bytes, random);
    if (static_cast<std::uint8_t>(damaged[layout::kMagic]) == 2) renew_checksum(damaged);
    walk(ExactBytes(damaged).view());
  }
}

TEST(RecordBatchReader, RefusesNumbersThatDoNotAgree) {
  struct Case {
    const char* what;
    std::size_t position;
    const char* hex;
  };
  for (const Case& each : {Case{"negative base offset", layout::kBaseOffset, "ffffffffffffffff"},
                           Case{"negative last offset delta", layout::kLastOffsetDelta, "ffffffff"},
                           Case{"negative count", layout::kRecordCount, "ffffffff"},
                           Case{"negative length", layout::kBatchLength, "ffffffff"},
                           Case{"length below the header", layout::kBatchLength, "00000030"}}) {
    std::string bytes = small_batch();
    put(bytes, each.position, each.hex);
    renew_checksum(bytes);
    RecordBatchReader reader(bytes);
    RecordBatch batch;
    EXPECT_EQ(reader.next(batch), BatchStatus::corrupt) << each.what;
    EXPECT_EQ(reader.next(batch), BatchStatus::corrupt) << each.what;
  }
  std::string overflow = small_batch();
  put(overflow, layout::kBaseOffset, "7fffffffffffffff");
  RecordBatch batch;
  EXPECT_EQ(RecordBatchReader(overflow).next(batch), BatchStatus::corrupt);
}

TEST(RecordReader, RefusesACountThatIsNotThere) {
  for (const char* count : {"00000001", "00000003", "7fffffff"}) {
    std::string bytes = small_batch();
    put(bytes, layout::kRecordCount, count);
    renew_checksum(bytes);
    RecordBatch batch;
    ASSERT_EQ(RecordBatchReader(bytes).next(batch), BatchStatus::batch);
    RecordReader reader(batch);
    Record record;
    RecordStatus status = RecordStatus::record;
    while (status == RecordStatus::record) status = reader.next(record);
    EXPECT_EQ(status, RecordStatus::corrupt) << count;
    EXPECT_EQ(reader.next(record), RecordStatus::corrupt) << count;
  }
}

TEST(RecordReader, TheBrokersTimestampHoldsWhereItSetsThem) {
  std::string bytes = small_batch();
  put(bytes, layout::kAttributes, "0008");
  put(bytes, layout::kMaxTimestamp, "0000000000001388");
  renew_checksum(bytes);
  RecordBatch batch;
  ASSERT_EQ(RecordBatchReader(bytes).next(batch), BatchStatus::batch);
  Record record;
  ASSERT_EQ(RecordReader(batch).next(record), RecordStatus::record);
  EXPECT_EQ(record.timestamp_ms, 5000);
}

// A magic-1 message: offset 41, key "k", value "v"; its checksum is CRC-32 and not verified.
TEST(RecordBatchReader, WalksOverOlderMagics) {
  const std::string old = from_hex("0000000000000029 00000018 00000000 01 00 0000000000000001 00000001 6b 00000001 76");
  const std::string bytes = old + small_batch();
  RecordBatchReader reader(bytes);
  RecordBatch batch;
  ASSERT_EQ(reader.next(batch), BatchStatus::other_magic);
  EXPECT_EQ(batch.base_offset, 41);
  EXPECT_EQ(batch.last_offset(), 41);
  EXPECT_EQ(batch.magic, 1);
  EXPECT_EQ(reader.next(batch), BatchStatus::batch);
  EXPECT_EQ(reader.next(batch), BatchStatus::end);
}

TEST(ControlType, NeedsAWholeKey) {
  Record record;
  EXPECT_EQ(control_type(record), std::nullopt);
  const std::string shorter = from_hex("000000"), other = from_hex("00000002"), negative = from_hex("ffff0001");
  record.key = shorter;
  EXPECT_EQ(control_type(record), std::nullopt);
  record.key = negative;
  EXPECT_EQ(control_type(record), std::nullopt);
  record.key = other;
  EXPECT_EQ(control_type(record), ControlType::other);
}

}  // namespace
}  // namespace tidemark::wire
