#include "gateway/verify.h"

#include <boost/json.hpp>
#include <limits>
#include <optional>

#include "gateway/ack_record.h"
#include "http/json_writer.h"
#include "kafka/offsets_records.h"

namespace tidemark::gateway {
namespace {

namespace json = boost::json;
using Verdict = Finding::Verdict;

constexpr core::Offset kEverything = std::numeric_limits<core::Offset>::max();

struct Event {
  std::string topic;
  core::Partition partition = 0;
  core::Offset offset = 0;
  std::string id;         // empty where the answer has none
  bool is_fence = false;  // the last record below a fence, for a consumer behind others
};

std::optional<std::int64_t> number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Finding unknown(std::string subject, std::string why) { return {Verdict::unknown, std::move(subject), std::move(why)}; }

Finding check_event(const Event& event, const Scan& scan) {
  bool there = false, same = false;
  const auto read = scan(event.topic, event.partition, event.offset, event.offset + 1,
                         [&](const kafka::ScannedRecord& record) {
                           there = true;
                           same = event.id.empty() || record.tidemark_id == std::string_view(event.id);
                           return false;
                         });
  if (!read) return unknown("event", "its record cannot be read: " + read.error().message);
  const std::string place = event.topic + " partition " + std::to_string(event.partition) + " offset " +
                            std::to_string(event.offset);
  if (!there) return unknown("event", "there is no record any more at " + place);
  if (!same) return {Verdict::wrong, "event", "the record at " + place + " has another tidemark-id"};
  return {Verdict::right, "event", "it is at " + place};
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

// The commit that the evidence names, and one at the anchor before it.
Finding check_commit(const std::string& name, const Event& event, const json::object& evidence, const Scan& scan) {
  const auto committed = number(evidence, "committed"), anchor = number(evidence, "anchor");
  const auto partition = number(evidence, "commits_partition"), at = number(evidence, "commits_offset");
  if (!committed || !partition || !at) return unknown(name, "the evidence does not name a commit's record");
  if (*committed <= event.offset) {
    if (!event.is_fence)
      return {Verdict::wrong, name, "committed " + std::to_string(*committed) + " does not lie above the event"};
    if (auto gap = check_gap(name, event, *committed, scan)) return *gap;
  }
  if (anchor && *anchor > event.offset && !event.is_fence && !number(evidence, "since"))
    return {Verdict::wrong, name, "the anchor " + std::to_string(*anchor) + " lies above the event"};

  std::optional<kafka::OffsetsRecord> record;
  bool anchored = false;
  const auto ours = [&](const kafka::OffsetCommitted& commit) {
    return commit.group == name && commit.topic == event.topic && commit.partition == event.partition;
  };
  const auto read = scan("__consumer_offsets", static_cast<core::Partition>(*partition), 0, *at + 1,
                         [&](const kafka::ScannedRecord& seen) {
                           if (!seen.key) return true;
                           const auto decoded = kafka::read_offsets_record(*seen.key, seen.value);
                           if (seen.offset == *at) record = decoded;
                           const auto* commit = std::get_if<kafka::OffsetCommitted>(&decoded);
                           if (commit != nullptr && ours(*commit) && anchor && commit->offset == *anchor && seen.offset < *at)
                             anchored = true;
                           return true;
                         });
  const std::string place = "__consumer_offsets partition " + std::to_string(*partition) + " offset " + std::to_string(*at);
  if (!read) return unknown(name, "the log of commits cannot be read: " + read.error().message);
  if (!record) return unknown(name, "there is no record any more at " + place + ": it was compacted");
  const auto* commit = std::get_if<kafka::OffsetCommitted>(&*record);
  if (commit == nullptr || !ours(*commit) || commit->offset != *committed)
    return {Verdict::wrong, name, "the record at " + place + " is not its commit of " + std::to_string(*committed)};
  const std::string confirmed = "its commit of " + std::to_string(*committed) + " is at " + place;
  if (anchored) return {Verdict::right, name, confirmed + ", and one at the anchor " + std::to_string(*anchor) + " before it"};
  return {Verdict::right, name, confirmed + "; its anchor was declared, or has been compacted"};
}

Finding check_ack(const std::string& name, const Event& event, bool failed, const Scan& scan) {
  std::optional<bool> latest;  // failed?
  const auto read = scan(std::string(kAcksTopic), 0, 0, kEverything, [&](const kafka::ScannedRecord& seen) {
    const auto ack = seen.value ? parse_ack(*seen.value) : Result<AckRecord>(Error{});
    if (!ack || ack->consumer != name) return true;
    const bool covers = ack->topic == event.topic && ack->partition == event.partition &&
                        ack->offsets.first <= event.offset && event.offset <= ack->offsets.last;
    if (covers) latest = ack->failed;
    return true;
  });
  if (!read) return unknown(name, "the topic of acks cannot be read: " + read.error().message);
  if (!latest) return unknown(name, "no ack for the event is kept any more");
  if (*latest != failed) return {Verdict::wrong, name, *latest ? "its latest ack says failed" : "its latest ack says processed"};
  return {Verdict::right, name, "its latest ack for the event says so"};
}

// What a consumer behind others had to get past; the error says why that cannot be
// checked.
Result<Event> fence_of(const json::object& evidence) {
  const auto partition = number(evidence, "partition"), fence = number(evidence, "fence");
  Event last;
  last.topic = text(evidence, "topic");
  if (last.topic.empty() || !partition || !fence) return Error{ErrorKind::not_found, "the evidence names no fence"};
  last.partition = static_cast<core::Partition>(*partition);
  last.offset = *fence - 1;
  last.is_fence = true;
  return last;
}

Finding check_behind_others(const std::string& name, bool failed, const json::object& evidence, const Scan& scan) {
  const auto last = fence_of(evidence);
  if (!last) return unknown(name, last.error().message);
  if (failed) return unknown(name, "a failure of what others wrote is not checked");
  const std::string source = text(evidence, "source");
  if (source == "commit") return check_commit(name, *last, evidence, scan);
  return unknown(name, "evidence by " + source + " of what others wrote is not checked");
}

Finding check_consumer(const json::object& consumer, const Event& event, const Scan& scan) {
  const std::string name = text(consumer, "name"), outcome = text(consumer, "outcome");
  const json::value* held = consumer.if_contains("evidence");
  if (outcome != "processed" && outcome != "failed") return unknown(name, "it is " + outcome + ", which claims nothing");
  if (held == nullptr || !held->is_object()) return unknown(name, "it carries no evidence");
  const json::object& evidence = held->get_object();
  const json::value* via = consumer.if_contains("via");
  if (via != nullptr && via->is_array() && !via->get_array().empty())
    return check_behind_others(name, outcome == "failed", evidence, scan);
  const std::string source = text(evidence, "source");
  if (source == "commit" && outcome == "failed") return unknown(name, "the dead letter by which it failed is not checked");
  if (source == "commit") return check_commit(name, event, evidence, scan);
  if (source == "ack") return check_ack(name, event, outcome == "failed", scan);
  return unknown(name, "a position that was asked for (" + source + ") leaves no record to check");
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::right: return "right";
    case Verdict::wrong: return "wrong";
    case Verdict::unknown: break;
  }
  return "cannot be checked";
}

Result<std::vector<Finding>> verify(std::string_view answer, const Scan& scan) {
  boost::system::error_code error;
  const json::value document = json::parse({answer.data(), answer.size()}, error);
  const json::object* object = error ? nullptr : document.if_object();
  const json::value* consumers = object == nullptr ? nullptr : object->if_contains("consumers");
  if (consumers == nullptr || !consumers->is_array())
    return Error{ErrorKind::invalid, "not an answer: give the JSON body of a publish or a mark"};
  const auto partition = number(*object, "partition"), offset = number(*object, "offset");
  Event event;
  event.topic = text(*object, "topic");
  event.id = text(*object, "id");
  if (event.topic.empty() || !partition || !offset)
    return Error{ErrorKind::invalid, "the answer names no single topic, partition and offset"};
  event.partition = static_cast<core::Partition>(*partition);
  event.offset = *offset;
  std::vector<Finding> findings{check_event(event, scan)};
  for (const json::value& consumer : consumers->get_array())
    if (consumer.is_object()) findings.push_back(check_consumer(consumer.get_object(), event, scan));
  return findings;
}

Result<std::vector<Finding>> verify(std::string_view answer, std::string_view bootstrap, core::Duration bound) {
  auto reader = kafka::RecordScan::make(bootstrap, bound);
  if (!reader) return reader.error();
  return verify(answer, [&](const auto& topic, auto partition, auto from, auto until, const auto& see) {
    return reader->scan(topic, partition, from, until, see);
  });
}

std::string json_of(const std::vector<Finding>& findings) {
  std::string out;
  http::JsonWriter json(out);
  json.begin_object();
  json.name("findings");
  json.begin_array();
  for (const Finding& finding : findings) {
    json.begin_object();
    json.member("subject", finding.subject);
    json.member("verdict", name_of(finding.verdict));
    json.member("detail", finding.detail);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out.push_back('\n');
  return out;
}

}  // namespace tidemark::gateway
