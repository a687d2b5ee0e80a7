#include "kafka/commit_tail.h"

#include <limits>
#include <utility>

#include "wire/batch_unpacker.h"

namespace tidemark::kafka {
namespace {

constexpr core::Offset kHighestOffset = std::numeric_limits<core::Offset>::max();

// What a held record or a name costs beside its characters.
constexpr std::size_t kHeldOverhead = 256;
constexpr std::size_t kNameOverhead = 80;

struct SizeOf {
  std::size_t operator()(const OffsetCommitted& commit) const {
    return commit.group.size() + commit.topic.size() + commit.done_above.size() * sizeof(core::Range);
  }
  std::size_t operator()(const OffsetUnreadable& commit) const { return commit.group.size(); }
  std::size_t operator()(const ClassicGroup& group) const {
    std::size_t size = group.group.size() + group.client.size() + group.protocol_type.size();
    for (const std::string& topic : group.topics) size += topic.size() + sizeof(std::string);
    return size;
  }
  std::size_t operator()(const GroupChanged& group) const { return group.group.size() + group.member.size(); }
  std::size_t operator()(const Skipped&) const { return 0; }
};

const std::string* group_of(const OffsetsRecord& record) {
  if (const auto* commit = std::get_if<OffsetCommitted>(&record)) return &commit->group;
  if (const auto* commit = std::get_if<OffsetUnreadable>(&record)) return &commit->group;
  if (const auto* group = std::get_if<ClassicGroup>(&record)) return &group->group;
  if (const auto* group = std::get_if<GroupChanged>(&record)) return &group->group;
  return nullptr;
}

}  // namespace

CommitTail::CommitTail(core::Partition partition, core::Offset begin, TailLimits limits)
    : partition_(partition), position_(begin), limits_(limits) {}

void CommitTail::restart(core::Offset begin) {
  open_.clear();
  held_records_ = held_bytes_ = named_bytes_ = 0;
  corrupt_reads_ = 0;
  position_ = begin;
}

bool CommitTail::read(std::string_view records, TailSink& sink) {
  wire::RecordBatchReader batches(records);
  wire::RecordBatch batch;
  const core::Offset before = position_;
  for (;;) {
    const wire::BatchStatus status = batches.next(batch);
    if (status == wire::BatchStatus::end || status == wire::BatchStatus::truncated) break;
    if (status == wire::BatchStatus::corrupt || batch.last_offset() == kHighestOffset) {
      ++counters_.unreadable_batches;
      corrupt_reads_ = position_ == before ? corrupt_reads_ + 1 : 1;
      if (corrupt_reads_ >= limits_.corrupt_reads) blind("a batch at " + std::to_string(position_) + " is corrupt");
      return false;
    }
    if (status == wire::BatchStatus::other_magic) {
      if (batch.base_offset < position_) continue;
      ++counters_.unreadable_batches;
      blind("the batch at " + std::to_string(batch.base_offset) + " is of format " + std::to_string(batch.magic));
      position_ = batch.base_offset + 1;
      continue;
    }
    if (batch.last_offset() < position_) continue;
    read_batch(batch, sink);
    position_ = batch.last_offset() + 1;
  }
  corrupt_reads_ = 0;
  return true;
}

void CommitTail::read_batch(wire::RecordBatch batch, TailSink& sink) {
  if (batch.is_control()) return read_control(batch, sink);
  std::string unpacked;
  if (const wire::UnpackStatus status = wire::unpack(batch, unpacked); status != wire::UnpackStatus::plain) {
    ++counters_.unreadable_batches;
    return blind("the batch at " + std::to_string(batch.base_offset) + " " + std::string(wire::describe(status)));
  }
  wire::RecordReader records(batch);
  wire::Record record;
  for (;;) {
    const wire::RecordStatus status = records.next(record);
    if (status == wire::RecordStatus::end) return;
    if (status != wire::RecordStatus::record) {
      ++counters_.unreadable_batches;
      return blind("a record in the batch at " + std::to_string(batch.base_offset) + " is corrupt");
    }
    if (record.offset < position_) continue;
    ++counters_.records;
    OffsetsRecord read = read_offsets_record(record.key.value_or(std::string_view{}), record.value);
    if (batch.is_transactional()) {
      hold(batch, record.offset, std::move(read), sink);
    } else {
      deliver(read, record.offset, record.offset, sink);
    }
  }
}

void CommitTail::read_control(const wire::RecordBatch& batch, TailSink& sink) {
  wire::RecordReader records(batch);
  wire::Record record;
  while (records.next(record) == wire::RecordStatus::record) {
    if (record.offset < position_) continue;
    ++counters_.records;
    const auto type = wire::control_type(record);
    if (!type) {
      ++counters_.malformed_records;
      continue;
    }
    const auto found = open_.find(batch.producer_id);
    if (*type == wire::ControlType::other || found == open_.end()) continue;
    // An epoch may rise with the marker (KIP-890, fencing), never fall.
    if (batch.producer_epoch < found->second.epoch) {
      ++counters_.fenced;
      continue;
    }
    const Open open = take(found);
    if (*type == wire::ControlType::commit) {
      settle(open, record.offset, sink);
    } else {
      counters_.aborted += open.held.size();
    }
  }
}

void CommitTail::hold(const wire::RecordBatch& batch, core::Offset offset, OffsetsRecord record, TailSink& sink) {
  const std::string* group = group_of(record);
  if (group == nullptr) return deliver(record, offset, offset, sink);

  auto found = open_.find(batch.producer_id);
  if (found != open_.end() && batch.producer_epoch < found->second.epoch) {
    ++counters_.fenced;
    return;
  }
  if (found != open_.end() && batch.producer_epoch > found->second.epoch) {
    // No marker came for the older transaction, which a broker does not allow:
    // its fate is the coordinator's to say.
    ++counters_.fenced;
    Open lost = take(found);
    found = open_.end();
    std::set<std::string, std::less<>> groups = std::move(lost.unheld);
    for (const Held& held : lost.held) groups.insert(*group_of(held.record));
    for (const std::string& doubtful : groups) sink.on_group_doubtful(doubtful, {partition_, offset - 1});
  }
  if (found == open_.end()) {
    found = open_.try_emplace(batch.producer_id).first;
    found->second.epoch = batch.producer_epoch;
  }
  Open& open = found->second;
  const std::size_t bytes = kHeldOverhead + std::visit(SizeOf{}, record);
  if (held_bytes_ + bytes <= limits_.held_bytes) {
    held_bytes_ += bytes;
    open.bytes += bytes;
    ++held_records_;
    open.held.push_back({offset, std::move(record)});
    return;
  }
  ++counters_.held_overflows;
  if (open.unheld.contains(*group)) return;
  const std::size_t name_bytes = kNameOverhead + group->size();
  if (named_bytes_ + name_bytes > limits_.named_bytes)
    return blind("open transactions of too many groups at " + std::to_string(offset));
  named_bytes_ += name_bytes;
  open.unheld.insert(*group);
}

void CommitTail::settle(const Open& open, core::Offset marker, TailSink& sink) {
  for (const Held& held : open.held) {
    if (std::holds_alternative<OffsetCommitted>(held.record)) ++counters_.transactional;
    if (const auto* unreadable = std::get_if<OffsetUnreadable>(&held.record)) {
      ++counters_.unreadable_values;
      sink.on_group_doubtful(unreadable->group, {partition_, marker});
      continue;
    }
    deliver(held.record, held.offset, marker, sink);
  }
  for (const std::string& group : open.unheld) sink.on_group_doubtful(group, {partition_, marker});
}

void CommitTail::deliver(const OffsetsRecord& record, core::Offset offset, core::Offset settled_at, TailSink& sink) {
  if (const auto* committed = std::get_if<OffsetCommitted>(&record)) {
    ++counters_.commits;
    core::Commit commit;
    commit.group = committed->group;
    commit.topic = committed->topic;
    commit.topic_id = committed->topic_id;
    commit.partition = committed->partition;
    commit.offset = committed->offset;
    commit.leader_epoch = committed->leader_epoch;
    commit.done_above = committed->done_above;
    commit.at = {partition_, offset};
    commit.settled_at = settled_at;
    sink.on_commit(commit);
  } else if (const auto* unreadable = std::get_if<OffsetUnreadable>(&record)) {
    ++counters_.unreadable_values;
    sink.on_group_doubtful(unreadable->group, {partition_, offset});
  } else if (const auto* group = std::get_if<ClassicGroup>(&record)) {
    ++counters_.group_records;
    sink.on_classic_group(*group, {partition_, offset});
  } else if (const auto* changed = std::get_if<GroupChanged>(&record)) {
    ++counters_.group_records;
    sink.on_group_changed(*changed, {partition_, offset});
  } else if (std::get<Skipped>(record).why == Skipped::Why::unknown_type) {
    ++counters_.unknown_records;
  } else {
    ++counters_.malformed_records;
  }
}

CommitTail::Open CommitTail::take(OpenByProducer::iterator found) {
  Open open = std::move(found->second);
  open_.erase(found);
  held_records_ -= open.held.size();
  held_bytes_ -= open.bytes;
  for (const std::string& group : open.unheld) named_bytes_ -= kNameOverhead + group.size();
  return open;
}

void CommitTail::blind(std::string why) {
  if (blinded_why_.empty()) blinded_why_ = std::move(why);
}

}  // namespace tidemark::kafka
