// A record of __consumer_offsets, key and value, and the Parallel Consumer's map in a
// commit's metadata: a commit that was read, written anew, reads the same, and its
// ranges are in order.
//
// An input is the key's length (2 bytes), 0 for a tombstone, key and value; or, with
// the length 0xffff, a committed offset (8 bytes) and metadata. Metadata beginning '!'
// is put into Base64 first.
#include "fuzz.h"
#include "kafka/done_above.h"
#include "kafka/offsets_records.h"
#include "wire/generated/offset_commit_record.h"

namespace tidemark::kafka {
namespace {

using fuzz::require;

void check_ranges(const std::vector<core::Range>& ranges, core::Offset committed) {
  require(ranges.size() <= kMostDoneRanges, "no more ranges than allowed");
  core::Offset above = committed;
  for (const core::Range& range : ranges) {
    require(range.first > above && range.first <= range.last, "ranges are in order, above the offset, not adjoining");
    above = range.last + 1;
  }
}

void check_commit(const OffsetCommitted& commit) {
  require(commit.partition >= 0 && commit.offset >= core::kNoOffset, "a commit has a place");
  check_ranges(commit.done_above, commit.offset);
  wire::msg::OffsetCommitKey key;
  key.group = commit.group;
  key.topic = commit.topic;
  key.partition = commit.partition;
  wire::Writer key_bytes;
  key_bytes.int16(wire::msg::OffsetCommitKey::kRecordType);
  key.encode(key_bytes, 0);
  wire::msg::OffsetCommitValue value;
  value.offset = commit.offset;
  value.leader_epoch = commit.leader_epoch;
  value.topic_id = commit.topic_id;
  wire::Writer value_bytes;
  value_bytes.int16(wire::msg::OffsetCommitValue::kMaxVersion);
  value.encode(value_bytes, wire::msg::OffsetCommitValue::kMaxVersion);
  require(key_bytes.ok() && value_bytes.ok(), "a commit can be written");
  const bool deleted = commit.offset == core::kNoOffset;
  const OffsetsRecord again =
      read_offsets_record(key_bytes.str(), deleted ? std::nullopt : std::optional<std::string_view>(value_bytes.str()));
  const OffsetCommitted* read = std::get_if<OffsetCommitted>(&again);
  require(read != nullptr && read->group == commit.group && read->topic == commit.topic &&
              read->partition == commit.partition && read->offset == commit.offset &&
              read->topic_id == commit.topic_id && read->leader_epoch == commit.leader_epoch,
          "a commit written anew reads the same");
}

void check_record(std::string_view key, std::optional<std::string_view> value) {
  const OffsetsRecord record = read_offsets_record(key, value);
  if (const auto* commit = std::get_if<OffsetCommitted>(&record)) check_commit(*commit);
  if (const auto* group = std::get_if<ClassicGroup>(&record)) {
    require(group->members >= 0 && (group->topics_known || group->topics.empty() || group->members > 0),
            "topics are of members");
    for (std::size_t i = 1; i < group->topics.size(); ++i)
      require(group->topics[i - 1] < group->topics[i], "topics are sorted, each once");
  }
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(kAlphabet[bits >> (count - 6) & 63]);
  }
  if (count > 0) text.push_back(kAlphabet[bits << (6 - count) & 63]);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

void check(std::string_view bytes) {
  fuzz::Input input(bytes);
  const std::size_t length = input.number(2);
  if (length == 0xffff) {
    const auto committed = static_cast<core::Offset>(input.number(8));
    std::string metadata(input.rest());
    if (!metadata.empty() && metadata[0] == '!') metadata = base64(metadata.substr(1));
    return check_ranges(read_done_above(metadata, committed), committed);
  }
  const bool tombstone = input.byte() == 0;
  const std::string_view key = input.take(length);
  const std::string_view value = input.rest();
  check_record(key, tombstone ? std::nullopt : std::optional(value));
}

}  // namespace
}  // namespace tidemark::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tidemark::kafka::check(tidemark::fuzz::view(data, size));
  return 0;
}
