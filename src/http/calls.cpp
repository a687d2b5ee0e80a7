#include "http/calls.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "core/mark.h"

namespace tidemark::http {
namespace {

constexpr std::array<std::string_view, 6> kPublishNames{"for", "key", "key64", "partition", "scope", "wait"};
constexpr std::array<std::string_view, 3> kPublishLater{"basis", "timestamp", "tombstone"};
constexpr std::array<std::string_view, 3> kMarkNames{"for", "scope", "wait"};
constexpr std::array<std::string_view, 1> kMarkLater{"basis"};

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<Problem> read_content_type(Field& field, PublishCall& call, bool first) {
  if (!first) return Problem{kInvalidHeader, "Content-Type is given twice", "Content-Type"};
  for (const std::string_view later : {"application/vnd.kafka.", "application/cloudevents"})
    if (begins_ignoring_case(field.value, later))
      return Problem{kUnsupportedMedia, "Content of type '" + printable(field.value) + "' is not taken yet",
                     "Content-Type"};
  call.content_type = std::move(field.value);
  return std::nullopt;
}

// Record headers that the gateway writes itself.
bool is_reserved(std::string_view name) {
  switch (field_name(name)) {
    case FieldName::traceparent:
    case FieldName::baggage:
    case FieldName::content_type: return true;
    default: return begins_ignoring_case(name, "tidemark-");
  }
}

std::optional<Problem> read_record_header(Field& field, PublishCall& call) {
  std::string name = field.name.substr(kRecordHeaderPrefix.size());
  if (name.empty()) return Problem{kInvalidHeader, "A record header needs a name", field.name};
  if (is_reserved(name))
    return Problem{kInvalidHeader, "The record header '" + printable(name) + "' is the gateway's to write", field.name};
  call.headers.emplace_back(std::move(name), std::move(field.value));
  return std::nullopt;
}

// Several baggage fields are one list (W3C Baggage §3.3.1).
void read_baggage(Field& field, PublishCall& call) {
  if (field.value.empty()) return;
  if (call.baggage) call.baggage->append("," + field.value);
  else call.baggage = std::move(field.value);
}

// Takes what it needs out of the fields, in one pass. Refused are fields of the
// interface that are not built, and those that would be lost: a coded body without
// its coding is not what the consumer expects.
std::optional<Problem> read_publish_fields(std::vector<Field>& fields, PublishCall& call) {
  int types = 0;
  int traceparents = 0;
  for (Field& field : fields) {
    std::optional<Problem> problem;
    switch (field.known) {
      case FieldName::idempotency_key:
        return Problem{kNotBuilt, "Idempotency-Key is not built yet", field.name};
      case FieldName::cloud_event: return Problem{kNotBuilt, "CloudEvents attributes are not built yet", field.name};
      case FieldName::content_encoding:
        if (!equals_ignoring_case(field.value, "identity"))
          return Problem{kUnsupportedMedia, "A body is taken as it is, without a content coding", field.name};
        break;
      case FieldName::content_type: problem = read_content_type(field, call, ++types == 1); break;
      case FieldName::record_header: problem = read_record_header(field, call); break;
      case FieldName::traceparent:
        ++traceparents;
        if (is_valid_traceparent(field.value)) call.traceparent = std::move(field.value);
        break;
      case FieldName::baggage: read_baggage(field, call); break;
      default: break;
    }
    if (problem) return problem;
  }
  // An invalid or repeated one counts as none (W3C Trace Context §3.2.2.5).
  if (traceparents > 1) call.traceparent.reset();
  return std::nullopt;
}

std::optional<Problem> check_accept(const Request& request) {
  for (const Field& field : request.headers)
    if (field.known == FieldName::accept && field.value.find("text/event-stream") != std::string::npos)
      return Problem{kNotBuilt, "Outcomes as an event stream are not built yet", field.name};
  return std::nullopt;
}

Checked<core::Mark> read_marks(std::string_view text) {
  std::optional<core::Mark> merged;
  for (bool more = true; more;) {
    const std::size_t plus = std::min(text.find('+'), text.size());
    more = plus < text.size();
    Result<core::Mark> mark = core::decode(text.substr(0, plus));
    text.remove_prefix(std::min(plus + 1, text.size()));
    if (mark && merged) mark = core::merge(*merged, *mark);
    if (!mark) return Problem{kInvalidMark, mark.error().message, "mark"};
    merged = std::move(*mark);
  }
  return std::move(*merged);
}

}  // namespace

Checked<Publish> to_publish(Request&& request, std::string topic, const WaitLimits& limits) {
  if (std::optional<Problem> problem = check_topic(topic)) return *problem;
  if (std::optional<Problem> problem = check_names(request.query, {kPublishNames, kPublishLater})) return *problem;
  Publish publish;
  PublishCall& call = publish.call;
  if (std::optional<Problem> problem = read_publish_fields(request.headers, call)) return *problem;

  Checked<WaitWish> wish = read_wait(request, limits, true);
  if (const Problem* problem = std::get_if<Problem>(&wish)) return *problem;
  Checked<std::vector<std::string>> only = read_for(request.query);
  if (const Problem* problem = std::get_if<Problem>(&only)) return *problem;
  const Checked<core::Scope> scope = read_scope(request.query);
  if (const Problem* problem = std::get_if<Problem>(&scope)) return *problem;
  const Checked<std::optional<core::Partition>> partition = read_partition(request.query);
  if (const Problem* problem = std::get_if<Problem>(&partition)) return *problem;
  Checked<std::optional<std::string>> key = read_key(request.query);
  if (const Problem* problem = std::get_if<Problem>(&key)) return *problem;

  call.topic = std::move(topic);
  call.wait = std::get<0>(wish).wait;
  call.wait_for = std::get<0>(wish).wait_for;
  publish.preference_applied = std::move(std::get<0>(wish).applied);
  call.only = std::move(std::get<0>(only));
  call.scope = std::get<0>(scope);
  call.partition = std::get<0>(partition);
  call.key = std::move(std::get<0>(key));
  call.value = std::move(request.body);
  call.received = request.received_at;
  return publish;
}

Checked<Resume> to_resume(const Request& request, std::string_view marks, const WaitLimits& limits) {
  if (std::optional<Problem> problem = check_names(request.query, {kMarkNames, kMarkLater})) return *problem;
  if (std::optional<Problem> problem = check_accept(request)) return *problem;
  Checked<WaitWish> wish = read_wait(request, limits, false);
  if (const Problem* problem = std::get_if<Problem>(&wish)) return *problem;
  Checked<std::vector<std::string>> only = read_for(request.query);
  if (const Problem* problem = std::get_if<Problem>(&only)) return *problem;
  const Checked<core::Scope> scope = read_scope(request.query);
  if (const Problem* problem = std::get_if<Problem>(&scope)) return *problem;
  Checked<core::Mark> mark = read_marks(marks);
  if (const Problem* problem = std::get_if<Problem>(&mark)) return *problem;
  Resume resume;
  resume.call.mark = std::move(std::get<0>(mark));
  resume.call.wait = std::get<0>(wish).wait;
  resume.call.wait_for = std::get<0>(wish).wait_for;
  resume.preference_applied = std::move(std::get<0>(wish).applied);
  resume.call.only = std::move(std::get<0>(only));
  resume.call.scope = std::get<0>(scope);
  resume.call.received = request.received_at;
  return resume;
}

std::optional<Problem> check_plain(const Request& request) { return check_names(request.query, {}); }

std::optional<Problem> check_topic(std::string_view topic) {
  if (topic.substr(0, 2) == "__")
    return Problem{kForbiddenTopic, "A topic that begins with '__' belongs to Kafka or the gateway", "topic"};
  const bool valid = !topic.empty() && topic.size() <= 249 && topic != "." && topic != ".." &&
                     std::all_of(topic.begin(), topic.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                              c == '_' || c == '-';
                     });
  if (valid) return std::nullopt;
  return Problem{kInvalidTopic,
                 "'" + printable(topic) + "' is not a topic name: 1 to 249 of letters, digits, '.', '_' and '-'",
                 "topic"};
}

bool is_valid_traceparent(std::string_view text) {
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(text.substr(53, 2)))
    return false;
  if (version == "ff" || trace.find_first_not_of('0') == trace.npos || parent.find_first_not_of('0') == parent.npos)
    return false;
  // A later version may say more, behind a dash.
  return text.size() == 55 || (version != "00" && text[55] == '-');
}

}  // namespace tidemark::http
