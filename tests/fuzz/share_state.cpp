// Records of __share_group_state, one after another: what is kept is bounded, what is
// told is in order, and the same records tell the same.
//
// An input is records, each: snapshot or update, tombstone or not, group, partition,
// then the value: epoch, start and batches of one byte each field; or, with 255 as
// the number of batches, bytes as they are (length, bytes).
#include "kafka/share_state.h"

#include <string>

#include "fuzz.h"
#include "wire/generated/share_snapshot_record.h"
#include "wire/generated/share_update_record.h"

namespace tidemark::kafka {
namespace {

using fuzz::require;

constexpr ShareState::Limits kLimits{3, 4, 8};
const Uuid kTopic{{7}};

void check_told(const core::ShareProgress& progress, std::string& told) {
  require(progress.acknowledged.size() + progress.archived.size() <= kLimits.batches, "no more is kept than allowed");
  require(progress.start >= 0 && progress.topic == "t" && !progress.group.empty(), "what is told has a place");
  told += std::string(progress.group) + std::to_string(progress.partition) + " from " + std::to_string(progress.start);
  for (const auto& ranges : {progress.acknowledged, progress.archived}) {
    core::Offset next = progress.start;
    for (const core::Range& range : ranges) {
      require(range.first >= next && range.first <= range.last,
              "ranges are in order, above the start, not overlapping");
      told += " " + std::to_string(range.first) + "-" + std::to_string(range.last);
      next = range.last + 1;
    }
    told += ";";
  }
}

std::string key_of(fuzz::Input& input, bool snapshot) {
  wire::Writer out;
  out.int16(snapshot ? wire::msg::ShareSnapshotKey::kRecordType : wire::msg::ShareUpdateKey::kRecordType);
  wire::msg::ShareSnapshotKey key;
  key.group_id = std::string(1, static_cast<char>('a' + input.byte() % 4));
  key.topic_id = kTopic;
  key.partition = input.byte() % 4 - 1;
  key.encode(out, 0);
  return out.take();
}

template <class Value>
std::string value_of(fuzz::Input& input) {
  Value value;
  value.snapshot_epoch = input.byte();
  value.start_offset = static_cast<std::int8_t>(input.byte());
  const std::size_t count = input.byte();
  if (count == 255) return std::string(input.take(input.byte()));
  for (std::size_t i = 0; i < count && !input.empty(); ++i) {
    auto& batch = value.state_batches.emplace_back();
    batch.first_offset = static_cast<std::int8_t>(input.byte());
    batch.last_offset = batch.first_offset + static_cast<std::int8_t>(input.byte());
    batch.delivery_state = static_cast<std::int8_t>(input.byte() % 5);
  }
  wire::Writer out;
  out.int16(0);
  value.encode(out, 0);
  return out.take();
}

std::string replay(std::string_view bytes) {
  fuzz::Input input(bytes);
  std::string told;
  ShareState state(kLimits);
  const auto tell = [&told](const core::ShareProgress& progress) { check_told(progress, told); };
  state.topics({{kTopic, "t"}}, tell);
  for (core::Offset at = 0; !input.empty(); ++at) {
    const std::uint8_t what = input.byte();
    const bool snapshot = (what & 1) != 0, tombstone = (what & 6) == 6;
    const std::string key = key_of(input, snapshot);
    std::string value;
    if (!tombstone)
      value = snapshot ? value_of<wire::msg::ShareSnapshotValue>(input) : value_of<wire::msg::ShareUpdateValue>(input);
    state.read(key, tombstone ? std::nullopt : std::optional<std::string_view>(value), {0, at}, tell);
    const ShareCounters counters = state.counters();
    require(counters.states <= kLimits.states && counters.malformed <= counters.records, "states are bounded");
  }
  state.topics({{kTopic, "t"}}, tell);
  return told;
}

}  // namespace
}  // namespace tidemark::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = tidemark::fuzz::view(data, size);
  tidemark::fuzz::require(tidemark::kafka::replay(bytes) == tidemark::kafka::replay(bytes),
                          "the same records tell the same");
  return 0;
}
