#include "checker.h"

#include <algorithm>

#include "wire/murmur2.h"

namespace tidemark::sim::producer {

namespace {

std::string short_name(const std::string& value) { return value.substr(0, value.find('.')); }

const char* name_of(core::Delivery::Fate fate) {
  switch (fate) {
    case core::Delivery::Fate::appended: return "appended";
    case core::Delivery::Fate::not_appended: return "not appended";
    case core::Delivery::Fate::unknown: return "unknown";
  }
  return "";
}

}  // namespace

void Checker::ended(log::AppendId id, const core::Delivery& delivery) {
  const auto found = told_.find(id);
  if (found == told_.end()) return world_.fail("append " + std::to_string(id) + " ended and was never taken");
  Told& told = found->second;
  world_.note("ended", {{"append", static_cast<std::int64_t>(id)}, {"partition", delivery.partition},
                        {"offset", delivery.offset}, {"reason", static_cast<std::int64_t>(delivery.reason)}},
              std::string(name_of(delivery.fate)) + " " + short_name(told.value) + " " + delivery.detail);
  if (told.end) return fail(short_name(told.value), "ended twice");
  told.end = delivery;
  check_time(told);
}

// The delivery timeout holds once until an append is sent and once from then on;
// once more where its topic was made again meanwhile. The slack is one turn.
void Checker::check_time(const Told& told) {
  const int times = cluster_.may_look_remade(told.topic) ? 3 : 2;
  const core::Duration bound = times * world_.plan.config.delivery_timeout + std::chrono::milliseconds(1);
  if (world_.now() - told.taken > bound) fail(short_name(told.value), "ended later than its delivery timeouts allow");
}

bool Checker::open(log::AppendId id) const {
  const auto found = told_.find(id);
  return found != told_.end() && !found->second.end;
}

void Checker::read_logs() {
  for (const auto& topic : cluster_.all()) {
    for (std::size_t p = 0; p < topic->partitions.size(); ++p) {
      const std::vector<std::string>& values = topic->partitions[p].log.values();
      for (std::size_t offset = 0; offset < values.size(); ++offset) {
        if (values[offset].empty()) continue;
        places_[values[offset]].push_back(
            {topic.get(), static_cast<core::Partition>(p), static_cast<core::Offset>(offset)});
      }
    }
  }
}

void Checker::finish() {
  read_logs();
  for (const auto& [value, places] : places_) {
    if (places.size() == 1) continue;
    // Brokers that are asked by name write what was meant for a topic into its
    // successor (producer.h, "Not seen").
    bool by_name = !world_.plan.by_id;
    for (std::size_t i = 1; i < places.size(); ++i) by_name = by_name && places[i].topic != places[i - 1].topic;
    if (!by_name) fail(short_name(value), "is in the log twice");
    world_.excuse(Excuse::remade_topic_taken_by_name);
  }
  for (const auto& [id, told] : told_) {
    if (!told.end) {
      fail(short_name(told.value), "never ended");
    } else {
      check_fate(told, *told.end);
    }
  }
  check_order();
}

// Where it is, best where that was said: brokers that are asked by name can write
// a late repeat into the topic's successor too.
const Checker::Place* Checker::find(const std::string& value, const core::Delivery& end) const {
  const auto found = places_.find(value);
  if (found == places_.end()) return nullptr;
  const Place* best = &found->second.back();
  for (const Place& place : found->second) {
    const bool same_topic = !world_.plan.tells_ids || place.topic->id == end.topic_id;
    const bool same_offset = place.partition == end.partition && place.offset == end.offset;
    if (same_topic && same_offset) return &place;
    if (world_.plan.by_id ? same_topic : same_offset) best = &place;
  }
  return best;
}

void Checker::check_fate(const Told& told, const core::Delivery& end) {
  const Place* place = find(told.value, end);
  if (place != nullptr && told.value.starts_with("bad")) fail(short_name(told.value), "is in the log");
  if (told.must_succeed && end.fate != Fate::appended) check_failure(told, end, place);
  if (place != nullptr) check_placement(told, *place);
  switch (end.fate) {
    case Fate::appended:
      world_.count(Fault::ended_appended);
      return check_appended(told, end, place);
    case Fate::not_appended:
      world_.count(Fault::ended_not_appended);
      if (network_.ever_written(told.value)) fail(short_name(told.value), "was called not appended and was written");
      return;
    case Fate::unknown:
      world_.count(Fault::ended_unknown);
      if (!network_.ever_sent(told.value)) fail(short_name(told.value), "was called unknown and was never sent");
      return check_unknown(told, end, place);
  }
}

void Checker::check_appended(const Told& told, const core::Delivery& end, const Place* place) {
  const std::string name = short_name(told.value);
  if (cluster_.lost_uncleanly().contains(told.value)) return world_.excuse(Excuse::lost_by_unclean_election);
  if (place == nullptr) return fail(name, "was called appended and is missing");
  const bool same_place = place->partition == end.partition && place->offset == end.offset;
  if (!same_place) {
    return fail(name, "was called appended at " + std::to_string(end.partition) + "/" + std::to_string(end.offset) +
                          " and is at " + std::to_string(place->partition) + "/" + std::to_string(place->offset));
  }
  if (!world_.plan.tells_ids || place->topic->id == end.topic_id) return;
  if (world_.plan.by_id) return fail(name, "was called appended to another topic than it is in");
  world_.excuse(Excuse::remade_topic_taken_by_name);
}

void Checker::check_unknown(const Told& told, const core::Delivery& end, const Place* place) {
  world_.count(place != nullptr ? Fault::unknown_found_in_log : Fault::unknown_not_in_log);
  if (place == nullptr) return;
  const std::string name = short_name(told.value);
  if (place->partition != end.partition) return fail(name, "is in another partition than was said");
  if (!end.topic_id.is_nil() && place->topic->id != end.topic_id) {
    if (world_.plan.by_id) return fail(name, "is in another topic than was said");
    return world_.excuse(Excuse::remade_topic_taken_by_name);
  }
  if (place->offset >= end.offset) return;
  if (!world_.plan.tells_ids && cluster_.was_deleted(told.topic)) {
    return world_.excuse(Excuse::remade_topic_taken_by_name);
  }
  if (!cluster_.unclean_at(place->topic->id, static_cast<std::size_t>(place->partition))) {
    return fail(name, "is below the lowest offset that was said");
  }
  world_.excuse(Excuse::offset_after_unclean_election);
}

// In a cluster without faults. What is the first to learn that its partition has
// another log than was known ends as unknown (producer.h).
void Checker::check_failure(const Told& told, const core::Delivery& end, const Place* place) {
  const bool cut = place != nullptr &&
                   cluster_.unclean_at(place->topic->id, static_cast<std::size_t>(place->partition));
  const bool other_log = cut || cluster_.was_deleted(told.topic);
  if (end.fate == Fate::unknown && other_log) return world_.excuse(Excuse::first_into_another_log);
  fail(short_name(told.value), "was not appended by a cluster without faults: " + end.detail);
}

// Where the caller or the key wanted it, for some number of partitions there was.
void Checker::check_placement(const Told& told, const Place& place) {
  if (told.partition && place.partition != *told.partition) {
    return fail(short_name(told.value), "is in another partition than its caller named");
  }
  if (told.partition || !told.key) return;
  for (const auto& topic : cluster_.all()) {
    if (topic->name != told.topic) continue;
    for (const std::size_t count : topic->counts) {
      if (wire::partition_for_key(*told.key, static_cast<std::int32_t>(count)) == place.partition) return;
    }
  }
  fail(short_name(told.value), "is in a partition that its key does not lead to");
}

// Of those with a key or a partition, and of those with neither. After a deletion
// what had to be placed again may be overtaken, and what an unclean election
// lost may be written again by a late repeat.
void Checker::check_order() {
  struct Where {
    const Topic* topic;
    core::Partition partition;
    bool chosen;
    auto operator<=>(const Where&) const = default;
  };
  std::map<Where, std::map<core::Offset, log::AppendId>> order;
  for (const auto& [id, told] : told_) {
    if (!told.end || told.end->fate != Fate::appended || cluster_.lost_uncleanly().contains(told.value)) continue;
    const Place* place = find(told.value, *told.end);
    if (place != nullptr) order[{place->topic, place->partition, told.partition || told.key}][place->offset] = id;
  }
  for (const auto& [where, by_offset] : order) {
    log::AppendId last = 0;
    for (const auto& [offset, id] : by_offset) {
      if (id < last) {
        if (cluster_.may_look_remade(where.topic->name)) {
          world_.excuse(Excuse::order_after_deletion);
        } else {
          fail(short_name(told_.at(id).value), "is behind " + short_name(told_.at(last).value) +
                                                   ", which was appended after it, in " + where.topic->name + "/" +
                                                   std::to_string(where.partition));
        }
      }
      last = std::max(last, id);
    }
  }
}

}  // namespace tidemark::sim::producer
