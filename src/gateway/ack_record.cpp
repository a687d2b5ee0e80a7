#include "gateway/ack_record.h"

#include <boost/json.hpp>
#include <optional>

#include "http/json_writer.h"

namespace tidemark::gateway {
namespace {

namespace json = boost::json;

Error odd(std::string what) { return Error{ErrorKind::corrupt, "not an ack: " + std::move(what)}; }

std::optional<std::string> text(const json::object& object, std::string_view name, std::size_t longest) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const json::string& held = value->get_string();
  if (held.empty() || held.size() > longest) return std::nullopt;
  return std::string(held.data(), held.size());
}

std::optional<std::int64_t> whole(const json::value* value) {
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
  return value->get_int64();
}

// Valid UTF-8, cut between characters: half a one would be written as another.
std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return std::string(text.substr(0, most));
}

std::optional<core::Range> range_of(const json::object& object) {
  const json::value* one = object.if_contains("offset");
  const json::value* many = object.if_contains("offsets");
  if ((one == nullptr) == (many == nullptr)) return std::nullopt;
  if (one != nullptr) {
    const auto offset = whole(one);
    return offset ? std::optional(core::Range{*offset, *offset}) : std::nullopt;
  }
  if (!many->is_array() || many->get_array().size() != 2) return std::nullopt;
  const auto first = whole(&many->get_array()[0]), last = whole(&many->get_array()[1]);
  if (!first || !last || *first > *last) return std::nullopt;
  return core::Range{*first, *last};
}

}  // namespace

std::string key_of(const AckRecord& ack) {
  return ack.consumer + "/" + ack.topic + "/" + std::to_string(ack.partition) + "/" + std::to_string(ack.offsets.first);
}

std::string value_of(const AckRecord& ack) {
  std::string out;
  http::JsonWriter json(out);
  json.begin_object();
  json.member("consumer", ack.consumer);
  json.member("topic", ack.topic);
  json.member("partition", ack.partition);
  json.name("offsets");
  json.begin_array();
  json.value(ack.offsets.first);
  json.value(ack.offsets.last);
  json.end_array();
  json.member("outcome", ack.failed ? "failed" : "processed");
  if (!ack.reason.empty()) json.member("reason", ack.reason);
  json.end_object();
  return out;
}

Result<AckRecord> parse_ack(std::string_view value) {
  if (value.size() > AckRecord::kMaxBytes)
    return odd("longer than " + std::to_string(AckRecord::kMaxBytes) + " bytes");
  json::parse_options options;
  options.max_depth = 4;
  boost::system::error_code error;
  const json::value document = json::parse({value.data(), value.size()}, error, {}, options);
  if (error) return odd("not JSON");
  if (!document.is_object()) return odd("not an object");
  const json::object& object = document.get_object();

  AckRecord ack;
  auto consumer = text(object, "consumer", 255);
  if (!consumer) return odd("consumer is not a name");
  ack.consumer = std::move(*consumer);
  if (const json::value* outcome = object.if_contains("outcome")) {
    if (!outcome->is_string() || (outcome->get_string() != "processed" && outcome->get_string() != "failed"))
      return odd("outcome is neither processed nor failed");
    ack.failed = outcome->get_string() == "failed";
  }
  if (const json::value* reason = object.if_contains("reason")) {
    if (!reason->is_string()) return odd("reason is not text");
    ack.reason = cut({reason->get_string().data(), reason->get_string().size()}, AckRecord::kMaxReason);
  }
  if (object.contains("id") && !object.contains("topic"))
    return odd("an id alone is for POST /acks: topic, partition and offset are needed here");
  auto topic = text(object, "topic", 249);
  if (!topic) return odd("topic is not a name");
  ack.topic = std::move(*topic);
  const auto partition = whole(object.if_contains("partition"));
  if (!partition || *partition > 1'000'000) return odd("partition is not a number");
  ack.partition = static_cast<core::Partition>(*partition);
  const auto offsets = range_of(object);
  if (!offsets) return odd("offset is not a number, or offsets not [first, last]");
  ack.offsets = *offsets;
  return ack;
}

}  // namespace tidemark::gateway
