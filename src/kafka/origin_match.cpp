#include "kafka/origin_match.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace tidemark::kafka {
namespace {

enum class Encoding { big_endian, decimal };

// The headers of one library.
struct Family {
  std::string_view topic, partition, offset;
  Encoding encoding;
  bool says_group;  // in kGroupHeader
  std::string_view message, exception;
};

constexpr std::string_view kGroupHeader = "kafka_dlt-original-consumer-group";

constexpr std::array kFamilies = {
    Family{"kafka_dlt-original-topic", "kafka_dlt-original-partition", "kafka_dlt-original-offset",
           Encoding::big_endian, true, "kafka_dlt-exception-message", "kafka_dlt-exception-fqcn"},
    Family{"kafka_original-topic", "kafka_original-partition", "kafka_original-offset", Encoding::big_endian, true,
           "kafka_exception-message", "kafka_exception-fqcn"},
    Family{"x-original-topic", "x-original-partition", "x-original-offset", Encoding::big_endian, true,
           "x-exception-message", "x-exception-fqcn"},
    Family{"__connect.errors.topic", "__connect.errors.partition", "__connect.errors.offset", Encoding::decimal, false,
           "__connect.errors.exception.message", "__connect.errors.exception.class.name"},
    Family{"dead-letter-topic", "dead-letter-partition", "dead-letter-offset", Encoding::decimal, false,
           "dead-letter-reason", "dead-letter-exception-class-name"},
};

std::optional<std::int64_t> big_endian(std::string_view bytes, std::size_t size) {
  if (bytes.size() != size) return std::nullopt;
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  if (size == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

std::optional<std::int64_t> decimal(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> number(Encoding encoding, std::string_view value, std::size_t size) {
  return encoding == Encoding::decimal ? decimal(value) : big_endian(value, size);
}

bool equal_hex(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'F' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// version "-" trace-id "-" parent-id "-" flags; a later version may append to it.
bool has_trace_id(std::string_view traceparent, std::string_view trace_id) {
  constexpr std::size_t kLength = 55;
  if (traceparent.size() < kLength || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-')
    return false;
  return equal_hex(traceparent.substr(3, 32), trace_id);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The value of a baggage entry, without its properties.
template <class See>
void for_each_value(std::string_view baggage, std::string_view key, const See& see) {
  while (!baggage.empty()) {
    const std::size_t comma = std::min(baggage.find(','), baggage.size());
    const std::string_view member = baggage.substr(0, comma);
    baggage.remove_prefix(std::min(comma + 1, baggage.size()));
    const std::string_view pair = member.substr(0, member.find(';'));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || trimmed(pair.substr(0, equals)) != key) continue;
    see(trimmed(pair.substr(equals + 1)));
  }
}

}  // namespace

struct OriginMatch::Said {
  // In the order of the headers; what cannot be read keeps its place.
  struct Original {
    std::vector<std::string_view> topics;
    std::vector<std::optional<std::int64_t>> partitions, offsets;
  };
  std::array<Original, kFamilies.size()> originals;
  std::vector<std::string_view> groups;
  bool of_event = false;
  bool of_another = false;
};

namespace {

template <class Said>
void read_original(const wire::RecordHeader& header, Said& said) {
  const std::string_view value = header.value.value_or(std::string_view{});
  const auto keep = [](auto& list, auto kept) {
    if (list.size() < OriginMatch::kMostRepeats) list.push_back(kept);
  };
  if (header.key == kGroupHeader) return keep(said.groups, value);
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    const Family& family = kFamilies[i];
    auto& original = said.originals[i];
    if (header.key == family.topic) return keep(original.topics, value);
    if (header.key == family.partition) return keep(original.partitions, number(family.encoding, value, 4));
    if (header.key == family.offset) return keep(original.offsets, number(family.encoding, value, 8));
  }
}

}  // namespace

OriginMatch::OriginMatch(core::Origin origin) : origin_(std::move(origin)) {
  if (origin_.id.is_nil()) return;
  id_ = origin_.id.to_string();
  trace_id_ = id_;
  std::erase(trace_id_, '-');
}

void OriginMatch::read_tie(const wire::RecordHeader& header, Said& said) const {
  if (id_.empty() || !header.value) return;
  // What is no id says nothing: it cannot make the record another event's.
  const auto compare = [&](std::string_view id) {
    const auto parsed = Uuid::parse(id);
    if (!parsed) return;
    (*parsed == origin_.id ? said.of_event : said.of_another) = true;
  };
  if (header.key == "tidemark-id") return compare(*header.value);
  if (header.key == "baggage") return for_each_value(*header.value, "tidemark-id", compare);
  if (header.key == "traceparent" && has_trace_id(*header.value, trace_id_)) said.of_event = true;
}

bool OriginMatch::is_meant(const wire::Record& record) const {
  Said said;
  wire::RecordHeaderReader headers = record.headers();
  wire::RecordHeader header;
  while (headers.next(header)) {
    read_tie(header, said);
    if (origin_.dead_letters) read_original(header, said);
  }
  if (!origin_.dead_letters) return said.of_event;
  if (said.of_event) return is_by_consumer(said);
  return !said.of_another && names_a_source(said);
}

// One of the failures that the record went through may be the consumer's.
bool OriginMatch::is_by_consumer(const Said& said) const {
  if (origin_.consumer.empty() || said.groups.empty()) return true;
  if (std::find(said.groups.begin(), said.groups.end(), origin_.consumer) != said.groups.end()) return true;
  for (std::size_t i = 0; i < kFamilies.size(); ++i)
    if (!kFamilies[i].says_group && !said.originals[i].topics.empty()) return true;
  return false;
}

bool OriginMatch::names_a_source(const Said& said) const {
  const auto is_source = [&](std::string_view topic, std::int64_t partition, std::int64_t offset) {
    return std::any_of(origin_.sources.begin(), origin_.sources.end(), [&](const core::Origin::Source& source) {
      return source.topic == topic && source.partition == partition && source.offsets.first <= offset &&
             offset <= source.offsets.last;
    });
  };
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    const auto& original = said.originals[i];
    const std::size_t count =
        std::min({original.topics.size(), original.partitions.size(), original.offsets.size()});
    // The group is left out where the failure was not the listener's: then nobody
    // can tell to which failure one belongs.
    const bool is_paired = said.groups.size() == original.topics.size();
    for (std::size_t n = 0; n < count; ++n) {
      if (!original.partitions[n] || !original.offsets[n]) continue;
      if (!is_source(original.topics[n], *original.partitions[n], *original.offsets[n])) continue;
      if (!kFamilies[i].says_group) return true;
      if (is_paired ? origin_.consumer.empty() || said.groups[n] == origin_.consumer : is_by_consumer(said)) return true;
    }
  }
  return false;
}

std::string dead_letter_reason(const wire::Record& record) {
  // The last one is of the failure that brought the record here.
  std::string message, exception;
  wire::RecordHeaderReader headers = record.headers();
  wire::RecordHeader header;
  while (headers.next(header)) {
    if (!header.value) continue;
    for (const Family& family : kFamilies) {
      std::string* const target = header.key == family.message     ? &message
                                  : header.key == family.exception ? &exception
                                                                   : nullptr;
      if (target == nullptr) continue;
      if (std::string text = printable(*header.value, kMostReasonBytes); !text.empty()) *target = std::move(text);
      break;
    }
  }
  return message.empty() ? exception : message;
}

}  // namespace tidemark::kafka
