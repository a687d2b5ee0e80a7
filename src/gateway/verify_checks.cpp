#include "gateway/verify_checks.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "gateway/ack_record.h"
#include "kafka/offsets_records.h"
#include "kafka/share_state.h"

namespace tidemark::gateway {
namespace {

using Verdict = Finding::Verdict;

constexpr core::Offset kEverything = std::numeric_limits<core::Offset>::max();

std::string place_of(const std::string& topic, core::Partition partition, core::Offset offset) {
  return topic + " partition " + std::to_string(partition) + " offset " + std::to_string(offset);
}

// An answer over several positions has the evidence of one. Of the others it can
// be shown what is kept: a consumer need not read them all, but where it has
// said anything of a topic something above each position there was claimed.
struct Others {
  std::size_t shown = 0, open = 0;
};

Others count(const std::vector<Event>& others, const std::set<std::string>& topics,
             const std::function<bool(const Event&)>& shown) {
  Others counted;
  for (const Event& event : others)
    if (topics.contains(event.topic)) ++(shown(event) ? counted.shown : counted.open);
  return counted;
}

Finding with_others(Finding finding, const Others& others, const std::string& what) {
  if (finding.verdict != Verdict::right) return finding;
  if (others.shown > 0) finding.detail += "; " + what + " " + std::to_string(others.shown) + " other positions, too";
  if (others.open == 0) return finding;
  finding.verdict = Verdict::unknown;
  finding.detail += "; but nothing is kept that shows the same of " + std::to_string(others.open) + " more";
  return finding;
}

// Nothing when no record that the consumer had to read lies between its commit and
// the fence.
std::optional<Finding> check_gap(const std::string& name, const Event& last, core::Offset committed, const Scan& scan) {
  bool plain = false, transactional = false;
  const auto read = scan(last.topic, last.partition, committed, last.offset + 1, [&](const kafka::ScannedRecord& record) {
    (record.transactional ? transactional : plain) = true;
    return !plain;
  });
  const std::string between = last.topic + " partition " + std::to_string(last.partition) + " between its commit of " +
                              std::to_string(committed) + " and the fence " + std::to_string(last.offset + 1);
  if (!read) return unknown(name, "what is in " + between + " cannot be read: " + read.error().message);
  if (plain) return Finding{Verdict::wrong, name, "there is a record in " + between};
  if (transactional) return unknown(name, "there are records in " + between + ", of transactions that may have been aborted");
  return std::nullopt;
}

// What the log of commits has of one group.
struct CommitsRead {
  std::optional<kafka::OffsetsRecord> record;  // that the evidence names
  bool anchored = false;                       // a commit at the anchor comes before it
  std::map<std::pair<std::string, core::Partition>, core::Offset> highest;
  std::set<std::string> topics;
};

bool is_of(const kafka::OffsetCommitted& commit, const Claim& claim) {
  return commit.group == claim.name && commit.topic == claim.event.topic && commit.partition == claim.event.partition;
}

// As the Parallel Consumer does for records above the committed offset.
bool names(const kafka::OffsetCommitted& commit, core::Offset offset) {
  return std::any_of(commit.done_above.begin(), commit.done_above.end(),
                     [&](const core::Range& range) { return range.first <= offset && offset <= range.last; });
}

Result<core::Offset> read_commits(const Claim& claim, const Scan& scan, CommitsRead& out) {
  const core::Offset at = *claim.log_offset;
  return scan("__consumer_offsets", *claim.log_partition, 0, claim.others.empty() ? at + 1 : kEverything,
              [&](const kafka::ScannedRecord& seen) {
                if (!seen.key) return true;
                const auto decoded = kafka::read_offsets_record(*seen.key, seen.value);
                if (seen.offset == at) out.record = decoded;
                const auto* commit = std::get_if<kafka::OffsetCommitted>(&decoded);
                if (commit == nullptr || commit->group != claim.name) return true;
                if (is_of(*commit, claim) && claim.anchor && commit->offset == *claim.anchor && seen.offset < at)
                  out.anchored = true;
                if (claim.others.empty()) return true;
                core::Offset& highest = out.highest[{std::string(commit->topic), commit->partition}];
                highest = std::max(highest, commit->offset);
                out.topics.insert(std::string(commit->topic));
                return true;
              });
}

// What a share group did with the event, as far as its state's records say.
class ShareHistory {
 public:
  ShareHistory(const Claim& claim, const Uuid& topic_id) : claim_(claim) {
    state_.topics({{topic_id, claim.event.topic}}, [](const core::ShareProgress&) {});
  }

  void read(const kafka::ScannedRecord& seen) {
    if (!seen.key) return;
    bool ours = false;
    state_.read(*seen.key, seen.value, {*claim_.log_partition, seen.offset}, [&](const core::ShareProgress& progress) {
      if (progress.group != claim_.name || progress.partition != claim_.event.partition) return;
      ours = true;
      // What is said once the claim is decided is of a later time.
      if (seen.offset <= *claim_.log_offset || fate_ == Fate::open) follow(progress);
    });
    if (seen.offset != *claim_.log_offset) return;
    there_ = true;
    ours_ = ours;
  }

  Finding judge() const {
    const std::string& name = claim_.name;
    const std::string place = place_of(kafka::kShareStateTopic, *claim_.log_partition, *claim_.log_offset);
    if (!there_) return unknown(name, "there is no record any more at " + place + ": newer state has replaced it");
    if (!ours_) return {Verdict::wrong, name, "the record at " + place + " is not its state of the event's partition"};
    switch (fate_) {
      case Fate::acknowledged:
        return {claim_.failed ? Verdict::wrong : Verdict::right, name, "its state up to " + place + " acknowledges the event"};
      case Fate::archived:
        return {claim_.failed ? Verdict::right : Verdict::wrong, name, "its state up to " + place + " gives the event up"};
      case Fate::open: break;
    }
    if (!passed_) return {Verdict::wrong, name, "its state up to " + place + " says nothing of the event"};
    if (claim_.failed || !was_below_)
      return unknown(name, "its state up to " + place + " begins above the event; what it did before is not kept");
    return {Verdict::right, name, "its state up to " + place + " has gone past the event, which it has not given up"};
  }

 private:
  enum class Fate { open, acknowledged, archived };

  void follow(const core::ShareProgress& progress) {
    const core::Offset event = claim_.event.offset;
    const auto has = [&](std::span<const core::Range> ranges) {
      return std::any_of(ranges.begin(), ranges.end(),
                         [&](const core::Range& range) { return range.first <= event && event <= range.last; });
    };
    // Set up anew, by a person: what was said before is void.
    if (progress.state_epoch > epoch_) {
      fate_ = Fate::open;
      was_below_ = false;
    }
    epoch_ = std::max(epoch_, progress.state_epoch);
    passed_ = progress.start > event;
    if (!passed_) was_below_ = true;
    if (has(progress.acknowledged)) fate_ = Fate::acknowledged;
    else if (has(progress.archived)) fate_ = Fate::archived;
    else if (!passed_) fate_ = Fate::open;
  }

  const Claim& claim_;
  kafka::ShareState state_;
  std::int32_t epoch_ = -1;
  Fate fate_ = Fate::open;
  bool was_below_ = false;  // its start was at or below the event
  bool passed_ = false;
  bool there_ = false, ours_ = false;  // the record that the evidence names
};

}  // namespace

Finding unknown(std::string subject, std::string why) { return {Verdict::unknown, std::move(subject), std::move(why)}; }

Finding check_event(const Event& event, const Cluster& cluster) {
  bool there = false, same = false;
  const auto read = cluster.scan(event.topic, event.partition, event.offset, event.offset + 1,
                                 [&](const kafka::ScannedRecord& record) {
                                   there = true;
                                   same = event.id.empty() || record.tidemark_id == std::string_view(event.id);
                                   return false;
                                 });
  const std::string place = place_of(event.topic, event.partition, event.offset);
  if (!read) return unknown("event", "the record at " + place + " cannot be read: " + read.error().message);
  if (!there) return unknown("event", "there is no record any more at " + place);
  if (!same) return {Verdict::wrong, "event", "the record at " + place + " has another tidemark-id"};
  return {Verdict::right, "event", "it is at " + place};
}

Finding check_commit(const Claim& claim, const Cluster& cluster) {
  const std::string& name = claim.name;
  if (!claim.committed || !claim.log_partition || !claim.log_offset)
    return unknown(name, "the evidence does not name a commit's record");
  const std::string committed = std::to_string(*claim.committed);
  const bool below = *claim.committed <= claim.event.offset;
  if (below && !claim.done_above) {
    if (!claim.event.is_fence) return {Verdict::wrong, name, "committed " + committed + " does not lie above the event"};
    if (auto gap = check_gap(name, claim.event, *claim.committed, cluster.scan)) return *gap;
  }
  if (claim.anchor && *claim.anchor > claim.event.offset && !claim.event.is_fence && !claim.since)
    return {Verdict::wrong, name, "the anchor " + std::to_string(*claim.anchor) + " lies above the event"};

  CommitsRead found;
  const auto read = read_commits(claim, cluster.scan, found);
  const std::string place = place_of("__consumer_offsets", *claim.log_partition, *claim.log_offset);
  if (!read) return unknown(name, "the log of commits cannot be read: " + read.error().message);
  if (!found.record) return unknown(name, "there is no record any more at " + place + ": it was compacted");
  const auto* commit = std::get_if<kafka::OffsetCommitted>(&*found.record);
  if (commit == nullptr || !is_of(*commit, claim) || commit->offset != *claim.committed)
    return {Verdict::wrong, name, "the record at " + place + " is not its commit of " + committed};
  if (below && claim.done_above && !names(*commit, claim.event.offset))
    return {Verdict::wrong, name, "its commit at " + place + " does not name the event as done"};
  Finding right{Verdict::right, name, "its commit of " + committed + " is at " + place};
  right.detail += found.anchored ? ", and one at the anchor " + std::to_string(*claim.anchor) + " before it"
                                 : "; its anchor was declared, or has been compacted";
  const Others others = count(claim.others, found.topics, [&](const Event& event) {
    const auto highest = found.highest.find({event.topic, event.partition});
    return highest != found.highest.end() && highest->second > event.offset;
  });
  return with_others(std::move(right), others, "it has committed above");
}

Finding check_ack(const Claim& claim, const Cluster& cluster) {
  const std::string topic(kAcksTopic);
  const auto about = cluster.about(topic);
  if (!about) return unknown(claim.name, "the topic of acks cannot be read: " + about.error().message);
  std::vector<Event> events{claim.event};
  if (!claim.failed) events.insert(events.end(), claim.others.begin(), claim.others.end());
  // Failed or not, by the latest ack of each partition: between partitions there is no order.
  std::vector<std::set<bool>> said(events.size());
  std::set<std::string> topics;
  for (core::Partition partition = 0; partition < about->partitions; ++partition) {
    std::vector<std::optional<bool>> latest(events.size());
    const auto read = cluster.scan(topic, partition, 0, kEverything, [&](const kafka::ScannedRecord& seen) {
      const auto ack = seen.value ? parse_ack(*seen.value) : Result<AckRecord>(Error{});
      if (!ack || ack->consumer != claim.name) return true;
      topics.insert(ack->topic);
      for (std::size_t i = 0; i < events.size(); ++i) {
        const Event& event = events[i];
        const bool covers = ack->topic == event.topic && ack->partition == event.partition &&
                            ack->offsets.first <= event.offset && event.offset <= ack->offsets.last;
        if (covers) latest[i] = ack->failed;
      }
      return true;
    });
    if (!read) return unknown(claim.name, "the topic of acks cannot be read: " + read.error().message);
    for (std::size_t i = 0; i < events.size(); ++i)
      if (latest[i]) said[i].insert(*latest[i]);
  }
  if (said[0].empty()) return unknown(claim.name, "no ack for the event is kept any more");
  if (said[0].size() > 1)
    return unknown(claim.name, "its acks for the event are in different partitions, which have no order, and do not agree");
  const bool failed = *said[0].begin();
  if (failed != claim.failed)
    return {Verdict::wrong, claim.name, failed ? "its latest ack says failed" : "its latest ack says processed"};
  const Others others = count(claim.others, topics, [&](const Event& event) {
    const std::size_t i = 1 + static_cast<std::size_t>(&event - claim.others.data());
    return i < said.size() && said[i] == std::set<bool>{false};
  });
  return with_others({Verdict::right, claim.name, "its latest ack for the event says so"}, claim.failed ? Others{} : others,
                     "it has acked");
}

Finding check_share(const Claim& claim, const Cluster& cluster) {
  if (!claim.log_partition || !claim.log_offset) return unknown(claim.name, "the evidence does not name a record of its state");
  const auto about = cluster.about(claim.event.topic);
  if (!about) return unknown(claim.name, "the topic of the event is not known: " + about.error().message);
  ShareHistory history(claim, about->id);
  const auto read = cluster.scan(kafka::kShareStateTopic, *claim.log_partition, 0, kEverything,
                                 [&](const kafka::ScannedRecord& seen) {
                                   history.read(seen);
                                   return true;
                                 });
  if (!read) return unknown(claim.name, "the state of share groups cannot be read: " + read.error().message);
  const std::size_t others = claim.failed ? 0 : claim.others.size();
  return with_others(history.judge(), {0, others}, "");
}

}  // namespace tidemark::gateway
