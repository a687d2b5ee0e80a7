#include "kafka/offsets_records.h"

#include <gtest/gtest.h>

#include <random>

#include "kafka/test_batches.h"
#include "kafka/test_recorded_offsets.h"

namespace tidemark::kafka {
namespace {

using Lines = std::vector<std::string>;

std::string unhex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  return bytes;
}

struct Words {
  std::string operator()(const OffsetCommitted& commit) const {
    return commit.group + " " + commit.topic + "/" + std::to_string(commit.partition) + "=" +
           std::to_string(commit.offset) + " epoch " + std::to_string(commit.leader_epoch) +
           (commit.topic_id.is_nil() ? "" : " id");
  }
  std::string operator()(const OffsetUnreadable& commit) const { return "unreadable " + commit.group; }
  std::string operator()(const ClassicGroup& group) const {
    std::string text = "group " + group.group + " '" + group.protocol_type + "' generation " +
                       std::to_string(group.generation) + " members " + std::to_string(group.members);
    if (group.topics_known) text += " topics";
    for (const auto& topic : group.topics) text += " " + topic;
    if (!group.client.empty()) text += " client " + group.client;
    return text;
  }
  std::string operator()(const GroupChanged& group) const {
    using Shows = GroupChanged::Shows;
    const std::string text = (group.share ? "share changed " : "changed ") + group.group;
    if (group.shows == Shows::member_comes) return text + ", " + group.member + " comes";
    if (group.shows == Shows::member_goes) return text + ", " + group.member + " goes";
    return text + (group.shows == Shows::no_more ? ", no more" : "");
  }
  std::string operator()(const Skipped& skipped) const {
    return skipped.why == Skipped::Why::unknown_type ? "unknown" : "malformed";
  }
};

std::string read(std::string_view key, std::optional<std::string_view> value) {
  return std::visit(Words{}, read_offsets_record(key, value));
}

// What a list of recorded records says; the same line in a row only once.
Lines read(const std::vector<test::RecordedRecord>& records) {
  Lines lines;
  for (const auto& record : records) {
    const std::string value = record.value == nullptr ? "" : unhex(record.value);
    std::string line = read(unhex(record.key), record.value == nullptr ? std::nullopt : std::optional(value));
    if (lines.empty() || lines.back() != line) lines.push_back(std::move(line));
  }
  return lines;
}

Lines expected(const std::string& id, const std::string& member) {
  return {
      "cap-tx-group orders/1=2 epoch 0" + id,
      "cap-tx-group orders/1=3 epoch 0" + id,
      "cap-tx-group orders/1=-1 epoch -1",
      "changed cap-tx-group, no more",
      "group cap-classic '' generation 0 members 0",
      "group cap-classic 'consumer' generation 1 members 1 topics orders views client cap-client",
      "cap-classic orders/0=3 epoch 0" + id,
      "cap-classic orders/1=3 epoch 0" + id,
      "cap-classic views/0=0 epoch -1" + id,
      "group cap-classic 'consumer' generation 2 members 0",
      "cap-classic orders/0=-1 epoch -1",
      "cap-classic views/0=-1 epoch -1",
      "cap-classic orders/1=-1 epoch -1",
      "changed cap-classic, no more",
      "changed cap-consumer, " + member + " comes",
      "changed cap-consumer",
      "cap-consumer orders/0=3 epoch 0" + id,
      "cap-consumer orders/1=3 epoch 0" + id,
      "cap-consumer views/0=0 epoch -1" + id,
      "changed cap-consumer",
      "changed cap-consumer, " + member + " goes",
      "changed cap-consumer",
  };
}

TEST(OffsetsRecords, ReadsWhatKafka44Wrote) {
  EXPECT_EQ(read(test::kKafka44), expected(" id", "H3kkKNliTfiqCOD0IDsIrg"));
}

TEST(OffsetsRecords, ReadsWhatKafka39Wrote) {
  EXPECT_EQ(read(test::kKafka39), expected("", "6H_VEdwFQRqEEXidAcCc8w"));
}

// franz-go#1105.
TEST(OffsetsRecords, ReadsTheKnownVectorOfVersion4) {
  const std::string value = unhex("0004000000000021d4a8ffffffff010000019964f2d83600");
  EXPECT_EQ(read(test::commit_key("g", "t", 5), value), "g t/5=2217128 epoch -1");
}

TEST(OffsetsRecords, ReadsEveryVersionOfACommit) {
  for (std::int16_t version = 0; version <= 4; ++version) {
    wire::Writer out;
    out.int16(version);
    wire::msg::OffsetCommitValue value;
    value.offset = 100 + version;
    // 127 is where a compact length read as one byte breaks.
    value.metadata = std::string(version == 4 ? 300 : 127, 'm');
    if (version >= 3) value.leader_epoch = 6;
    value.encode(out, version);
    ASSERT_TRUE(out.ok());
    EXPECT_EQ(read(test::commit_key("g", "t", 0), out.str()),
              "g t/0=" + std::to_string(100 + version) + " epoch " + (version >= 3 ? "6" : "-1"));
  }
}

TEST(OffsetsRecords, ReadsCommitsWithTheOldKeyType) {
  std::string key = test::commit_key("g", "t", 0);
  key[1] = 0;
  EXPECT_EQ(read(key, test::commit_value(9)), "g t/0=9 epoch -1");
}

TEST(OffsetsRecords, ACommitThatCannotBeReadNamesItsGroup) {
  const std::string key = test::commit_key("g", "t", 0);
  std::string future = test::commit_value(9);
  future[1] = 5;
  EXPECT_EQ(read(key, future), "unreadable g");
  EXPECT_EQ(read(key, ""), "unreadable g");
  EXPECT_EQ(read(key, test::commit_value(9).substr(0, 7)), "unreadable g");
  EXPECT_EQ(read(key, test::commit_value(-5)), "unreadable g");
}

TEST(OffsetsRecords, ReadsEveryVersionOfAClassicGroup) {
  wire::Writer key;
  key.int16(2);
  key.string("g");
  for (std::int16_t version = 0; version <= 4; ++version) {
    wire::msg::GroupMetadataValue value;
    value.protocol_type = "consumer";
    value.generation = 3;
    value.members.resize(2);
    for (const char* topics : {"b", "a"}) {
      wire::Writer subscription;
      subscription.int16(3);
      subscription.array_length(2);
      subscription.string(topics);
      subscription.string("c");
      auto& member = value.members[topics[0] == 'a' ? 1 : 0];
      member.subscription = subscription.take();
      member.client_id = std::string("client-") + topics;
    }
    wire::Writer out;
    out.int16(version);
    value.encode(out, version);
    ASSERT_TRUE(out.ok()) << version;
    EXPECT_EQ(read(key.str(), out.str()), "group g 'consumer' generation 3 members 2 topics a b c client client-b");
  }
  EXPECT_EQ(read(key.str(), "\0\x09unknown version"), "changed g, no more");
  EXPECT_EQ(read(key.str(), std::nullopt), "changed g, no more");
}

TEST(OffsetsRecords, TopicsOfOtherProtocolsAndOfBrokenSubscriptionsAreNotKnown) {
  wire::Writer key;
  key.int16(2);
  key.string("g");
  for (const char* protocol : {"connect", "consumer"}) {
    wire::msg::GroupMetadataValue value;
    value.protocol_type = protocol;
    value.members.resize(1);
    value.members[0].subscription = std::string("\0\1\0\0\0\2", 6);
    wire::Writer out;
    out.int16(3);
    value.encode(out, 3);
    EXPECT_EQ(read(key.str(), out.str()), std::string("group g '") + protocol + "' generation 0 members 1");
  }
}

TEST(OffsetsRecords, RecordsOfAShareGroupSayThatItChanged) {
  for (std::int16_t type = 10; type <= 15; ++type) {
    wire::Writer key;
    key.int16(type);
    key.string("g");
    EXPECT_EQ(read(key.str(), "x"), "share changed g");
    EXPECT_EQ(read(key.str(), std::nullopt), "share changed g");
  }
}

TEST(OffsetsRecords, AMembersMetadataShowsThatItIsThereOrHasLeft) {
  for (const int type : {3, 4, 5, 6, 7, 8, 16}) {
    wire::Writer key;
    key.int16(static_cast<std::int16_t>(type));
    key.string("g");
    key.string("m");
    EXPECT_EQ(read(key.str(), "x"), type == 5 ? "changed g, m comes" : "changed g");
    EXPECT_EQ(read(key.str(), std::nullopt), type == 5 ? "changed g, m goes" : "changed g");
  }
  wire::Writer short_key;
  short_key.int16(5);
  short_key.string("g");
  EXPECT_EQ(read(short_key.str(), "x"), "malformed");
}

TEST(OffsetsRecords, PassesOverOtherTypesAndNonsense) {
  for (const int type : {9, 17, 19, 23, 99, -1}) {
    wire::Writer key;
    key.int16(static_cast<std::int16_t>(type));
    key.string("g");
    EXPECT_EQ(read(key.str(), "x"), "unknown");
  }
  EXPECT_EQ(read("", "x"), "malformed");
  EXPECT_EQ(read(std::string("\0", 1), "x"), "malformed");
  EXPECT_EQ(read(test::commit_key("g", "t", 0).substr(0, 6), "x"), "malformed");
  EXPECT_EQ(read(test::commit_key("g", "t", -1), test::commit_value(1)), "malformed");
}

TEST(OffsetsRecords, SurvivesAnyBytes) {
  std::mt19937_64 random(5);
  std::vector<test::RecordedRecord> records = test::kKafka44;
  for (int i = 0; i < 50'000; ++i) {
    const auto& record = records[random() % records.size()];
    std::string key = unhex(record.key);
    std::string value = record.value == nullptr ? "" : unhex(record.value);
    for (std::string* bytes : {&key, &value}) {
      if (!bytes->empty()) (*bytes)[random() % bytes->size()] = static_cast<char>(random());
      if (random() % 3 == 0) bytes->resize(random() % (bytes->size() + 1));
    }
    EXPECT_FALSE(read(key, value).empty());
  }
}

}  // namespace
}  // namespace tidemark::kafka
