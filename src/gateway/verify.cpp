#include "gateway/verify.h"

#include <boost/json.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "gateway/verify_checks.h"
#include "http/json_writer.h"

namespace tidemark::gateway {
namespace {

namespace json = boost::json;
using Verdict = Finding::Verdict;

std::optional<std::int64_t> number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

std::optional<core::Partition> partition_in(const json::object& object, std::string_view name) {
  const auto value = number(object, name);
  if (!value || *value < 0 || *value > std::numeric_limits<core::Partition>::max()) return std::nullopt;
  return static_cast<core::Partition>(*value);
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::array* list(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

// Where an object of an answer says that a record is.
std::optional<Event> event_in(const json::object& object) {
  Event event;
  event.topic = text(object, "topic");
  const auto partition = partition_in(object, "partition");
  const auto offset = number(object, "offset");
  if (event.topic.empty() || !partition || !offset || *offset < 0) return std::nullopt;
  event.partition = *partition;
  event.offset = *offset;
  return event;
}

// All that an answer is about. Where nothing was in a partition there is nothing
// to look for.
Result<std::vector<Event>> events_of(const json::object& answer) {
  std::vector<Event> events;
  if (const json::array* positions = list(answer, "positions")) {
    for (const json::value& position : *positions) {
      const json::object* one = position.if_object();
      if (one == nullptr || text(*one, "topic").empty())
        return Error{ErrorKind::invalid, "the answer's positions are not topics, partitions and offsets"};
      if (auto event = event_in(*one)) events.push_back(*std::move(event));
    }
    return events;
  }
  auto event = event_in(answer);
  if (!event) return Error{ErrorKind::invalid, "the answer names no topic, partition and offset, and no positions"};
  event->id = text(answer, "id");
  events.push_back(*std::move(event));
  return events;
}

// What a consumer behind others had to get past; nothing where the evidence does
// not say.
std::optional<Event> fence_of(const json::object& evidence) {
  const auto partition = partition_in(evidence, "partition");
  const auto fence = number(evidence, "fence");
  Event last;
  last.topic = text(evidence, "topic");
  if (last.topic.empty() || !partition || !fence) return std::nullopt;
  last.partition = *partition;
  last.offset = *fence - 1;
  last.is_fence = true;
  return last;
}

Finding check_behind_others(Claim claim, const json::object& evidence, const Cluster& cluster) {
  auto last = fence_of(evidence);
  if (!last) return unknown(claim.name, "the evidence names no fence");
  if (claim.failed) return unknown(claim.name, "a failure of what others wrote is not checked");
  const std::string source = text(evidence, "source");
  if (source != "commit") return unknown(claim.name, "evidence by " + source + " of what others wrote is not checked");
  claim.event = *std::move(last);
  return check_commit(claim, cluster);
}

// Says which of the events the evidence is about; false when it says none of them.
bool assign(Claim& claim, const json::object& evidence, const std::vector<Event>& events) {
  const auto named = event_in(evidence);
  if (!named && events.size() != 1) return false;
  bool found = false;
  for (const Event& event : events) {
    const bool meant = !named || (event.same_place(*named) && event.offset == named->offset);
    if (meant && !found) claim.event = event;
    else claim.others.push_back(event);
    found = found || meant;
  }
  return found;
}

Finding check_consumer(const json::object& consumer, const std::vector<Event>& events, const Cluster& cluster) {
  Claim claim;
  claim.name = text(consumer, "name");
  const std::string outcome = text(consumer, "outcome");
  if (outcome != "processed" && outcome != "failed")
    return unknown(claim.name, "it is " + outcome + ", which claims nothing");
  claim.failed = outcome == "failed";
  const json::value* held = consumer.if_contains("evidence");
  if (held == nullptr || !held->is_object()) return unknown(claim.name, "it carries no evidence");
  const json::object& evidence = held->get_object();
  const std::string source = text(evidence, "source");
  const bool share = source == "share";
  claim.committed = number(evidence, "committed");
  claim.anchor = number(evidence, "anchor");
  claim.since = number(evidence, "since").has_value();
  claim.done_above = list(evidence, "acked") != nullptr;
  claim.log_partition = partition_in(evidence, share ? "state_partition" : "commits_partition");
  claim.log_offset = number(evidence, share ? "state_offset" : "commits_offset");
  const json::array* via = list(consumer, "via");
  if (via != nullptr && !via->empty()) return check_behind_others(std::move(claim), evidence, cluster);
  if (!assign(claim, evidence, events))
    return unknown(claim.name, "the evidence does not say which of the answer's positions it is about");
  if (source == "commit" && claim.failed) return unknown(claim.name, "the dead letter by which it failed is not checked");
  if (source == "commit") return check_commit(claim, cluster);
  if (source == "ack") return check_ack(claim, cluster);
  if (share) return check_share(claim, cluster);
  return unknown(claim.name, "a position that was asked for (" + source + ") leaves no record to check");
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

Result<std::vector<Finding>> verify(std::string_view answer, const Cluster& cluster) {
  boost::system::error_code error;
  const json::value document = json::parse({answer.data(), answer.size()}, error);
  const json::object* object = error ? nullptr : document.if_object();
  const json::array* consumers = object == nullptr ? nullptr : list(*object, "consumers");
  if (consumers == nullptr)
    return Error{ErrorKind::invalid, "not an answer: give the JSON body of a publish, a mark or a wait"};
  const auto events = events_of(*object);
  if (!events) return events.error();
  std::vector<Finding> findings;
  for (const Event& event : *events) findings.push_back(check_event(event, cluster));
  for (const json::value& consumer : *consumers)
    if (consumer.is_object()) findings.push_back(check_consumer(consumer.get_object(), *events, cluster));
  return findings;
}

Result<std::vector<Finding>> verify(std::string_view answer, std::string_view bootstrap, core::Duration bound) {
  auto reader = kafka::RecordScan::make(bootstrap, bound);
  if (!reader) return reader.error();
  Cluster cluster;
  cluster.scan = [&](const auto& topic, auto partition, auto from, auto until, const auto& see) {
    return reader->scan(topic, partition, from, until, see);
  };
  cluster.about = [&](const std::string& topic) { return reader->about(topic); };
  return verify(answer, cluster);
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
