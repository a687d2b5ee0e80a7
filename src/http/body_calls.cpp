#include "http/body_calls.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mark.h"
#include "http/body_reader.h"
#include "http/calls.h"

namespace tidemark::http {
namespace {

using Names = std::string_view;
constexpr std::array<Names, 5> kWaitsMembers{"for", "marks", "positions", "scope", "topics"};
constexpr std::array<Names, 1> kWaitsLater{"basis"};
constexpr std::array<Names, 3> kPositionMembers{"offset", "partition", "topic"};
constexpr std::array<Names, 8> kAckMembers{"consumer", "id",     "offset",    "offsets",
                                           "outcome",  "reason", "partition", "topic"};
constexpr std::array<Names, 2> kScopes{"event", "watermark"};
constexpr std::array<Names, 2> kOutcomes{"processed", "failed"};
constexpr std::array<Names, 1> kWaitsParameters{"wait"};

constexpr std::size_t kMostPositions = 1'000;
constexpr std::size_t kMostTopics = 1'000;
constexpr std::size_t kMostNames = 256;
constexpr std::size_t kLongestReason = 500;

void add_once(std::vector<std::string>& names, std::string name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

// What GET /marks takes in its query stands in the body here.
std::optional<Problem> check_waits_query(const Request& request) {
  for (const Parameter& parameter : request.query)
    if (parameter.name == "for" || parameter.name == "scope")
      return Problem{kUnknownParameter, "'" + parameter.name + "' is a member of the body here", parameter.name};
  return check_names(request.query, {kWaitsParameters, {}});
}

void read_positions(BodyReader& body, WaitsCall& call) {
  const JsonValue* list = body.list("positions", kMostPositions);
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size() && !body.problem(); ++i) {
    const JsonValue& item = list->items[i];
    const std::string place = place_of("positions", i);
    if (!body.object_at(item, place, {kPositionMembers})) return;
    core::PositionRequest position;
    position.topic = body.topic(item, place);
    position.partition = body.partition(item, place);
    position.offset = body.whole(item, place, "offset");
    call.positions.push_back(std::move(position));
  }
}

void read_marks(BodyReader& body, WaitsCall& call) {
  const JsonValue* list = body.list("marks", core::Mark::kMaxTerms);
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size() && !body.problem(); ++i) {
    const std::string place = place_of("marks", i);
    if (list->items[i].kind != JsonValue::Kind::string) return body.fail(kInvalidBody, "It must be a mark, as a string", place);
    Result<core::Mark> mark = core::decode(list->items[i].text);
    if (mark && i > 0) mark = core::merge(call.mark, *mark);
    if (!mark) return body.fail(kInvalidMark, mark.error().message, place);
    call.mark = std::move(*mark);
  }
}

void read_topics(BodyReader& body, WaitsCall& call) {
  const JsonValue* list = body.list("topics", kMostTopics);
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size() && !body.problem(); ++i)
    add_once(call.topics, body.topic_at(list->items[i], place_of("topics", i)));
}

void read_only(BodyReader& body, WaitsCall& call) {
  const JsonValue* list = body.list("for", kMostNames);
  if (list == nullptr) return;
  // An empty list would mean everybody to the engine, and nobody to its reader.
  if (list->items.empty()) return body.fail(kInvalidBody, "It names nobody; leave it out to wait for everybody", "for");
  for (std::size_t i = 0; i < list->items.size() && !body.problem(); ++i)
    add_once(call.only, body.name_at(list->items[i], place_of("for", i)));
}

// Where the acknowledged records are.
void read_place(BodyReader& body, AckCall& call) {
  const JsonValue& root = body.root();
  call.topic = body.topic(root, "");
  call.partition = body.partition(root, "");
  if (!body.has("offsets")) {
    call.offsets.first = call.offsets.last = body.whole(root, "", "offset");
    return;
  }
  if (body.has("offset")) return body.fail(kInvalidBody, "'offset' and 'offsets' exclude each other", "offsets");
  const JsonValue* list = body.list("offsets", 2);
  if (list == nullptr) return;
  if (list->items.size() != 2) return body.fail(kInvalidBody, "It must be [first, last]", "offsets");
  call.offsets.first = body.whole_at(list->items[0], "offsets[0]");
  call.offsets.last = body.whole_at(list->items[1], "offsets[1]");
  if (call.offsets.last < call.offsets.first)
    body.fail(kInvalidBody, "The last offset is below the first: write [first, last]", "offsets[1]");
}

void read_id(BodyReader& body, AckCall& call) {
  for (const std::string_view other : {"topic", "partition", "offset", "offsets"})
    if (body.has(other))
      return body.fail(kInvalidBody, "'id' stands for topic, partition and offset: give one or the other",
                       std::string(other));
  const std::string text = body.name(body.root(), "", "id");
  call.id = Uuid::parse(text);
  if (!call.id) body.fail(kInvalidBody, "It must be an event's id, a UUID of 36 characters", "id");
}

}  // namespace

Checked<Waits> to_waits(const Request& request, const WaitLimits& limits) {
  if (std::optional<Problem> problem = check_waits_query(request)) return *problem;
  Checked<WaitWish> wish = read_wait(request, limits, true);
  if (const Problem* problem = std::get_if<Problem>(&wish)) return *problem;
  BodyReader body(request, {kWaitsMembers, kWaitsLater});
  if (body.problem()) return *body.problem();
  Waits waits;
  WaitsCall& call = waits.call;
  read_positions(body, call);
  read_marks(body, call);
  read_topics(body, call);
  read_only(body, call);
  if (body.has("scope") && body.choice(body.root(), "", "scope", kScopes) == 1) call.scope = core::Scope::watermark;
  if (call.positions.empty() && call.mark.empty() && call.topics.empty())
    body.fail(kInvalidBody, "Name what to wait for in 'positions', 'marks' or 'topics'", "body");
  if (body.problem()) return *body.problem();
  call.wait = std::get<WaitWish>(wish).wait;
  call.wait_for = std::get<WaitWish>(wish).wait_for;
  waits.preference_applied = std::move(std::get<WaitWish>(wish).applied);
  call.received = request.received_at;
  return waits;
}

Checked<AckCall> to_ack(const Request& request) {
  if (std::optional<Problem> problem = check_plain(request)) return *problem;
  BodyReader body(request, {kAckMembers});
  if (body.problem()) return *body.problem();
  AckCall call;
  call.consumer = body.name(body.root(), "", "consumer");
  if (body.has("id")) read_id(body, call);
  else read_place(body, call);
  if (body.has("outcome")) call.failed = body.choice(body.root(), "", "outcome", kOutcomes) == 1;
  if (body.has("reason")) call.reason = body.text(body.root(), "", "reason", kLongestReason);
  if (!call.failed && !call.reason.empty())
    body.fail(kInvalidBody, "Only a failure has a reason: add \"outcome\":\"failed\"", "reason");
  if (body.problem()) return *body.problem();
  call.received = request.received_at;
  return call;
}

}  // namespace tidemark::http
