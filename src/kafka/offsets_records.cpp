#include "kafka/offsets_records.h"

#include <algorithm>
#include <utility>

#include "kafka/done_above.h"
#include "wire/generated/consumer_group_member_metadata_record.h"
#include "wire/generated/group_metadata_record.h"
#include "wire/generated/offset_commit_record.h"
#include "wire/primitives.h"

namespace tidemark::kafka {
namespace {

constexpr std::int16_t kFirstConsumerGroupType = 3;
constexpr std::int16_t kLastConsumerGroupType = 8;
constexpr std::int16_t kConsumerGroupRegexType = 16;
constexpr std::int16_t kFirstShareGroupType = 10;
constexpr std::int16_t kLastShareGroupType = 15;

Skipped malformed() { return Skipped{Skipped::Why::malformed}; }

OffsetsRecord read_commit(wire::Reader& key_reader, std::optional<std::string_view> value) {
  wire::msg::OffsetCommitKey key;
  if (!key.decode(key_reader, 0) || key.partition < 0) return malformed();
  OffsetCommitted commit;
  commit.group = std::move(key.group);
  commit.topic = std::move(key.topic);
  commit.partition = key.partition;
  if (!value) return commit;

  wire::Reader reader(*value);
  const std::int16_t version = reader.int16();
  wire::msg::OffsetCommitValue row;
  if (!reader.ok() || !row.decode(reader, version) || row.offset < 0)
    return OffsetUnreadable{std::move(commit.group)};
  commit.offset = row.offset;
  commit.leader_epoch = row.leader_epoch;
  commit.topic_id = row.topic_id;
  commit.done_above = read_done_above(row.metadata, row.offset);
  return commit;
}

OffsetsRecord read_classic_group(wire::Reader& key_reader, std::optional<std::string_view> value) {
  wire::msg::GroupMetadataKey key;
  if (!key.decode(key_reader, 0)) return malformed();
  // A tombstone is a deletion, or a group's move to the KIP-848 protocol.
  constexpr auto kNoMore = GroupChanged::Shows::no_more;
  if (!value) return GroupChanged{std::move(key.group), false, kNoMore, {}};

  wire::Reader reader(*value);
  const std::int16_t version = reader.int16();
  wire::msg::GroupMetadataValue metadata;
  if (!reader.ok() || !metadata.decode(reader, version)) return GroupChanged{std::move(key.group), false, kNoMore, {}};

  ClassicGroup group;
  group.group = std::move(key.group);
  group.protocol_type = std::move(metadata.protocol_type);
  group.generation = metadata.generation;
  group.members = static_cast<int>(metadata.members.size());
  group.topics_known = group.members > 0 && group.protocol_type == "consumer";
  for (auto& member : metadata.members) {
    if (group.client.empty()) group.client = std::move(member.client_id);
    if (group.topics_known) group.topics_known = add_subscription(member.subscription, group.topics);
  }
  tidy_topics(group.topics);
  return group;
}

}  // namespace

OffsetsRecord read_offsets_record(std::string_view key, std::optional<std::string_view> value) {
  wire::Reader reader(key);
  const std::int16_t type = reader.int16();
  if (!reader.ok()) return malformed();
  if (type == 0 || type == wire::msg::OffsetCommitKey::kRecordType) return read_commit(reader, value);
  if (type == wire::msg::GroupMetadataKey::kRecordType) return read_classic_group(reader, value);
  const bool share = type >= kFirstShareGroupType && type <= kLastShareGroupType;
  if (share || (type >= kFirstConsumerGroupType && type <= kLastConsumerGroupType) || type == kConsumerGroupRegexType) {
    std::string group(reader.string());
    if (!reader.ok()) return malformed();
    using Shows = GroupChanged::Shows;
    if (type != wire::msg::ConsumerGroupMemberMetadataKey::kRecordType)
      return GroupChanged{std::move(group), share, Shows::nothing, {}};
    std::string member(reader.string());
    if (!reader.ok()) return malformed();
    return GroupChanged{std::move(group), share, value ? Shows::member_comes : Shows::member_goes, std::move(member)};
  }
  return Skipped{Skipped::Why::unknown_type};
}

bool add_subscription(std::string_view subscription, std::vector<std::string>& topics) {
  wire::Reader reader(subscription);
  if (reader.int16() < 0) return false;
  const std::size_t count = reader.array_length(2);
  const std::size_t before = topics.size();
  for (std::size_t i = 0; i < count && reader.ok(); ++i) topics.emplace_back(reader.string());
  if (!reader.ok()) topics.resize(before);
  return reader.ok();
}

void tidy_topics(std::vector<std::string>& topics) {
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
}

}  // namespace tidemark::kafka
