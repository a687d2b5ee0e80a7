#include "core/mark_derived.h"

#include <algorithm>
#include <tuple>

namespace tidemark::core {
namespace {

constexpr std::chrono::milliseconds kLongestWithin = std::chrono::hours(24);
constexpr std::uint8_t kRecordKnown = 1 << 4;
constexpr std::uint8_t kAnchor = 1, kDeclared = 2, kRecord = 4;

std::int64_t index_of(const std::vector<std::string_view>& names, std::string_view name) {
  return std::lower_bound(names.begin(), names.end(), name) - names.begin();
}

std::string name_at(Unpacker& in, const std::vector<std::string>& names) {
  const auto index = static_cast<std::size_t>(in.number_below(static_cast<std::int64_t>(names.size())));
  return in.ok() ? names[index] : std::string{};
}

Offset floor_of(const Derived& derived, std::size_t partition) {
  return partition < derived.floors.size() ? derived.floors[partition] : 0;
}

void pack_reader(Packer& out, const Derived& derived, const Derived::Reader& reader,
                 const std::vector<std::string_view>& names) {
  out.number(index_of(names, reader.name));
  Partition log = -1;
  for (const Anchor& anchor : reader.anchors)
    if (anchor.at.known()) log = anchor.at.partition;
  out.byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(reader.by) | (log >= 0 ? kRecordKnown : 0)));
  if (log >= 0) out.number(log);
  out.number(static_cast<std::int64_t>(reader.anchors.size()));
  for (std::size_t p = 0; p < reader.anchors.size(); ++p) {
    const Anchor& anchor = reader.anchors[p];
    // One above the floor proves nothing of what is asked.
    const bool known = anchor.known() && anchor.committed <= floor_of(derived, p);
    const bool record = known && anchor.at.known() && anchor.at.partition == log;
    out.byte(static_cast<std::uint8_t>((known ? kAnchor : 0) | (known && anchor.declared ? kDeclared : 0) |
                                       (record ? kRecord : 0)));
    if (known) out.number(floor_of(derived, p) - anchor.committed);
    if (record) out.number(anchor.at.offset);
  }
}

Derived::Reader unpack_reader(Unpacker& in, const Derived& derived, const std::vector<std::string>& names) {
  Derived::Reader reader;
  reader.name = name_at(in, names);
  const std::uint8_t flags = in.byte();
  if ((flags & ~(15U | kRecordKnown)) != 0 || (flags & 15) > kHighestBy) in.fail();
  reader.by = expected_by(flags & 15);
  Partition log = -1;
  if (flags & kRecordKnown) log = static_cast<Partition>(in.number_below(INT32_MAX));
  const std::int64_t count = in.number_below(static_cast<std::int64_t>(derived.floors.size()) + 1);
  for (std::int64_t p = 0; p < count && in.ok(); ++p) {
    Anchor& anchor = reader.anchors.emplace_back();
    const std::uint8_t has = in.byte_below(8);
    const Offset floor = floor_of(derived, static_cast<std::size_t>(p));
    if ((has != 0 && (has & kAnchor) == 0) || ((has & kRecord) != 0 && log < 0)) in.fail();
    if (has & kAnchor) anchor.committed = floor - in.number_below(floor + 1);
    anchor.declared = (has & kAnchor) != 0 && (has & kDeclared) != 0;
    if (has & kRecord) anchor.at = {log, in.number()};
  }
  return reader;
}

std::size_t positions_of(const Derived& derived) {
  std::size_t count = derived.floors.size();
  for (const Derived::Reader& reader : derived.readers) count += reader.anchors.size();
  return count;
}

void unite_into(Derived& into, const Derived& from) {
  const bool same = into.topic_id == from.topic_id;
  std::vector<Offset> floors(same ? std::min(into.floors.size(), from.floors.size()) : 0);
  for (std::size_t p = 0; p < floors.size(); ++p) floors[p] = std::min(into.floors[p], from.floors[p]);
  for (const Derived::Writer& writer : from.writers)
    if (std::find(into.writers.begin(), into.writers.end(), writer) == into.writers.end()) into.writers.push_back(writer);
  for (const Derived::Reader& reader : from.readers) {
    const auto match = std::find_if(into.readers.begin(), into.readers.end(),
                                    [&](const Derived::Reader& r) { return r.name == reader.name; });
    if (match == into.readers.end()) {
      into.readers.push_back(reader);
      continue;
    }
    match->by = std::min(match->by, reader.by);
    match->anchors.resize(std::min(match->anchors.size(), reader.anchors.size()));
    for (std::size_t p = 0; p < match->anchors.size(); ++p)
      if (reader.anchors[p].committed < match->anchors[p].committed) match->anchors[p] = reader.anchors[p];
  }
  into.floors = std::move(floors);
  for (Derived::Reader& reader : into.readers) {
    reader.anchors.resize(std::min(reader.anchors.size(), into.floors.size()));
    for (std::size_t p = 0; p < reader.anchors.size(); ++p)
      if (reader.anchors[p].committed > into.floors[p]) reader.anchors[p] = {};
  }
}

}  // namespace

ExpectedBy expected_by(std::uint8_t value) {
  return value == 0 ? ExpectedBy::configured : value == 2 ? ExpectedBy::declared : ExpectedBy::observed;
}

void add_names(const std::vector<Derived>& derived, std::vector<std::string_view>& names) {
  for (const Derived& topic : derived) {
    for (const Derived::Writer& writer : topic.writers) names.push_back(writer.consumer);
    for (const Derived::Reader& reader : topic.readers) names.push_back(reader.name);
  }
}

void pack_derived(Packer& out, const std::vector<Derived>& derived, const std::vector<std::string_view>& names) {
  out.number(static_cast<std::int64_t>(derived.size()));
  for (const Derived& topic : derived) {
    out.text(topic.topic);
    out.byte(topic.topic_id.is_nil() ? 0 : 1);
    if (!topic.topic_id.is_nil()) out.uuid(topic.topic_id);
    out.number(static_cast<std::int64_t>(topic.floors.size()));
    for (const Offset floor : topic.floors) out.number(floor);
    out.number(static_cast<std::int64_t>(topic.writers.size()));
    for (const Derived::Writer& writer : topic.writers) {
      out.number(index_of(names, writer.consumer));
      out.text(writer.input);
      out.byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(writer.emits) | (writer.dead_letter ? 4 : 0)));
      if (writer.emits == Emits::within)
        out.number(std::chrono::ceil<std::chrono::milliseconds>(writer.within).count());
    }
    out.number(static_cast<std::int64_t>(topic.readers.size()));
    for (const Derived::Reader& reader : topic.readers) pack_reader(out, topic, reader, names);
  }
}

std::vector<Derived> unpack_derived(Unpacker& in, const std::vector<std::string>& names) {
  std::vector<Derived> all;
  const std::int64_t topics = in.number_below(static_cast<std::int64_t>(Mark::kMaxDerived) + 1);
  for (std::int64_t i = 0; i < topics && in.ok(); ++i) {
    Derived& topic = all.emplace_back();
    topic.topic = in.text();
    if (in.byte_below(2) != 0) topic.topic_id = in.uuid();
    const std::int64_t floors = in.number_below(static_cast<std::int64_t>(Mark::kMaxText));
    for (std::int64_t p = 0; p < floors && in.ok(); ++p) topic.floors.push_back(in.number());
    const std::int64_t writers = in.number_below(static_cast<std::int64_t>(Mark::kMaxExpected) + 1);
    for (std::int64_t w = 0; w < writers && in.ok(); ++w) {
      Derived::Writer& writer = topic.writers.emplace_back();
      writer.consumer = name_at(in, names);
      writer.input = in.text();
      const std::uint8_t flags = in.byte_below(8);
      if ((flags & 3) == 3) return in.fail(), all;
      writer.emits = static_cast<Emits>(flags & 3);
      writer.dead_letter = (flags & 4) != 0;
      if (writer.emits == Emits::within)
        writer.within = std::chrono::milliseconds(in.number_below(kLongestWithin.count() + 1));
    }
    const std::int64_t readers = in.number_below(static_cast<std::int64_t>(Mark::kMaxExpected) + 1);
    for (std::int64_t r = 0; r < readers && in.ok(); ++r) topic.readers.push_back(unpack_reader(in, topic, names));
  }
  return all;
}

bool forget_most(std::vector<Derived>& derived) {
  const auto most = std::max_element(derived.begin(), derived.end(), [](const Derived& a, const Derived& b) {
    return positions_of(a) < positions_of(b);
  });
  if (most == derived.end() || positions_of(*most) == 0) return false;
  most->floors.clear();
  for (Derived::Reader& reader : most->readers) reader.anchors.clear();
  return true;
}

std::vector<Derived> unite(std::vector<Derived> a, const std::vector<Derived>& b) {
  for (const Derived& from : b) {
    const auto match = std::find_if(a.begin(), a.end(), [&](const Derived& d) { return d.topic == from.topic; });
    if (match == a.end()) {
      a.push_back(from);
    } else {
      unite_into(*match, from);
    }
  }
  const auto by_name = [](const auto& x, const auto& y) { return x.name < y.name; };
  for (Derived& topic : a) {
    std::sort(topic.readers.begin(), topic.readers.end(), by_name);
    std::sort(topic.writers.begin(), topic.writers.end(), [](const Derived::Writer& x, const Derived::Writer& y) {
      return std::tie(x.consumer, x.input, x.emits, x.within, x.dead_letter) <
             std::tie(y.consumer, y.input, y.emits, y.within, y.dead_letter);
    });
  }
  std::sort(a.begin(), a.end(), [](const Derived& x, const Derived& y) { return x.topic < y.topic; });
  return a;
}

}  // namespace tidemark::core
