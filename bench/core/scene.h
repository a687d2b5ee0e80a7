// An engine in sync with a log that has one topic, for benchmarks of core alone.
//
// Each benchmark needs the same few lines around the engine, and a publish must go
// through admission and delivery, or what is measured is not what a gateway holds.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include "core/engine.h"

namespace tidemark::bench {

inline Uuid uuid_of(std::uint64_t number) {
  Uuid uuid;
  for (std::size_t i = 0; i < 8; ++i) uuid.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  uuid.bytes[15] = 1;
  return uuid;
}

class Scene {
 public:
  static constexpr std::size_t kMostWaits = 1'000'000;

  // `consumers` groups, each at offset 0 of every partition.
  explicit Scene(std::size_t consumers = 1, core::Partition partitions = 1)
      : names_(names(consumers)), engine_(config(names_)) {
    const std::vector<core::TopicState> topics{{"orders", uuid_of(0), partitions}};
    engine_.topics(topics, now_, effects_);
    for (const std::string& name : names_) {
      core::GroupState group;
      group.group = name;
      group.managed = true;
      group.members = 1;
      group.at = {0, next_record_++};
      engine_.group(group, now_, effects_);
    }
    engine_.synced(now_);
    for (std::size_t c = 0; c < consumers; ++c)
      for (core::Partition p = 0; p < partitions; ++p) commit(0, c, p);
    effects_.clear();
  }

  // Admitted, and appended at the offset.
  core::WaitId publish(core::Offset offset, core::Partition partition = 0,
                       core::Duration wait = std::chrono::hours(1)) {
    core::PublishRequest request;
    request.topic = "orders";
    request.id = uuid_of(++published_);
    request.began = now_;
    request.deadline = now_ + wait;
    const auto admitted = engine_.publish(request, now_, effects_);
    if (!std::holds_alternative<core::WaitId>(admitted)) std::abort();  // a benchmark of refusals is none
    core::Delivery delivery;
    delivery.fate = core::Delivery::Fate::appended;
    delivery.partition = partition;
    delivery.topic_id = uuid_of(0);
    delivery.offset = offset;
    engine_.delivered(std::get<core::WaitId>(admitted), delivery, now_, effects_);
    return std::get<core::WaitId>(admitted);
  }

  void commit(core::Offset offset, std::size_t consumer = 0, core::Partition partition = 0) {
    core::Commit commit;
    commit.group = names_[consumer];
    commit.topic = "orders";
    commit.partition = partition;
    commit.offset = offset;
    commit.at = {0, next_record_++};
    commit.settled_at = commit.at.offset;
    engine_.commit(commit, now_, effects_);
  }

  void ack(core::Offset offset) {
    core::Ack ack;
    ack.consumer = names_[0];
    ack.topic = "orders";
    ack.offsets = {offset, offset};
    engine_.ack(ack, now_, effects_);
  }

  void pass(core::Duration time) {
    now_ += time;
    engine_.tick(now_, effects_);
  }

  core::Engine& engine() { return engine_; }
  core::Effects& effects() { return effects_; }
  core::Time now() const { return now_; }

 private:
  static std::vector<std::string> names(std::size_t count) {
    std::vector<std::string> names{"views"};
    for (std::size_t i = 1; i < count; ++i) names.push_back("views-" + std::to_string(i));
    return names;
  }
  static core::EngineConfig config(const std::vector<std::string>& names) {
    core::EngineConfig config;
    config.wait_for["orders"] = names;
    config.max_waits = config.max_waits_per_topic = kMostWaits;
    return config;
  }

  std::vector<std::string> names_;
  core::Engine engine_;
  core::Effects effects_;
  core::Time now_{std::chrono::seconds(1000)};
  core::Offset next_record_ = 0;
  std::uint64_t published_ = 0;
};

}  // namespace tidemark::bench
