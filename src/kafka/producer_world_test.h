// One run of a producer against the model cluster, decided by a seed: callers that
// append, withdraw and stop; a network that loses, delays and repeats; elections,
// deletions and limits that change. After four seconds the faults end, and all
// that is open must.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kafka/producer_model_test.h"

namespace tidemark::kafka::test {

// How often each kind of luck was had, over all runs.
struct Counts {
  int appended = 0, not_appended = 0, unknown = 0, unknown_found = 0;
  int withdrawn_queued = 0, withdrawn_sent = 0, late_writes = 0;
  int producer_ids = 0, repeats = 0, truncations = 0, out_of_order = 0, deletions = 0, bad = 0, too_large = 0;
  int too_large_split = 0, unknown_topic = 0, invalid_partition = 0, stops = 0;
};

class World {
 public:
  World(std::uint64_t seed, Counts& counts)
      : random_(seed), counts_(counts), cluster_(400 + below(4000)), producer_(config(), [this] { return random_(); }) {
    cluster_.create("orders", 1 + below(4));
    cluster_.create("views", 1 + below(2));
    deletes_ = below(4) == 0;
    remember_metadata();
  }

  void run() {
    for (int i = 0; i < 60; ++i) at(below(3'000), [this] { append(); });
    for (int i = 0; i < 15; ++i) at(below(3'500), [this] { withdraw(); });
    for (int i = 0; i < 6; ++i) at(below(3'500), [this] { elect(); });
    if (deletes_) at(below(3'000), [this] { make_again(); });
    if (below(3) == 0) at(500 + below(2'500), [this] { cluster_.max_batch_bytes = 150 + below(300); });
    if (below(5) == 0) at(1'000 + below(2'500), [this] { stop(); });
    at(below(50), [this] { tell_metadata(0); });
    at(kFaultsEnd, [this] { faults_ = false; });
    drive([this] { return now_ms() > kFaultsEnd && producer_.open_records() == 0; });
    EXPECT_EQ(producer_.open_records(), 0u) << "something never ended";
    drive([] { return false; });  // what is still in the network arrives
    for (auto& [name, topic] : cluster_.topics) {
      for (auto& partition : topic.partitions) cluster_.replicate(partition);
    }
    check();
    counts_.repeats += cluster_.repeats;
    counts_.truncations += cluster_.truncations;
    counts_.out_of_order += cluster_.out_of_order;
  }

 private:
  static constexpr std::int64_t kFaultsEnd = 4'000;
  static constexpr std::int64_t kLiveBound = 60'000;

  struct Event {
    std::int64_t time;
    std::uint64_t number;
    std::function<void()> run;
    bool operator<(const Event& other) const {
      return time != other.time ? time > other.time : number > other.number;
    }
  };
  struct Sent {
    std::string topic;
    std::string value;
    bool placed_by_caller = false;
  };
  ProducerConfig config() {
    ProducerConfig config;
    config.max_batch_bytes = 300 + below(3000);
    config.max_request_bytes = 2000;
    config.max_requests_per_broker = 1 + below(5);
    config.delivery_timeout = std::chrono::milliseconds(500 + below(4000));
    config.backoff_cap = 200ms;
    if (below(2) == 0) config.first_sequence = std::numeric_limits<std::int32_t>::max() - static_cast<int>(below(20));
    return config;
  }
  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool chance(std::size_t one_in) { return faults_ && below(one_in) == 0; }

  std::int64_t now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch() - 1h).count();
  }
  void at(std::size_t delay_ms, std::function<void()> what) {
    events_.push({now_ms() + static_cast<std::int64_t>(delay_ms), ++event_number_, std::move(what)});
  }

  template <class Done>
  void drive(Done done) {
    while (!done() && now_ms() < kLiveBound) {
      step();
      const std::optional<core::Time> wake = producer_.next_wake();
      const bool wake_first =
          wake && (events_.empty() || *wake - core::Time(1h) < std::chrono::milliseconds(events_.top().time));
      if (wake_first) {
        now_ = std::max(now_, *wake);
        continue;
      }
      if (events_.empty()) break;
      const Event event = events_.top();
      events_.pop();
      now_ = std::max(now_, core::Time(1h) + std::chrono::milliseconds(event.time));
      event.run();
      // What is due at the same time is one turn of the reactor, usually.
      while (!events_.empty() && events_.top().time == event.time && below(8) != 0) {
        const Event same = events_.top();
        events_.pop();
        same.run();
      }
    }
  }

  void step() {
    producer_.flush(now_);
    const ProduceEffects effects = producer_.take_effects();
    for (const ProduceEffects::Send& send : effects.sends) {
      std::vector<SentBatch> batches;
      std::set<std::pair<std::string, core::Partition>> once;
      for (const ProduceEffects::Part& part : send.parts) {
        batches.push_back(decode_part(part));
        EXPECT_TRUE(once.emplace(std::string(part.topic), part.partition).second);
      }
      carry(send.request, send.broker, std::move(batches));
    }
    if (effects.ask_producer_id) at(below(40), [this] { answer_producer_id(); });
    if (effects.refresh_metadata) at(below(40), [this] { answer_refresh(); });
    for (const ProduceEffects::Delivered& delivered : effects.deliveries) end(delivered.id, delivered.delivery);
  }

  void end(log::AppendId id, const core::Delivery& delivery) {
    EXPECT_TRUE(ends_.emplace(id, delivery).second) << "append " << id << " ended twice";
  }

  void append() {
    const log::AppendId id = ++last_append_;
    log::Record record;
    record.topic = below(40) == 0 ? "nowhere" : below(3) == 0 ? "views" : "orders";
    record.timestamp_ms = 1'700'000'000'000 + now_ms();
    std::string value = "e" + std::to_string(id);
    if (below(25) == 0) value = "bad" + value;
    value += "." + std::string(below(8) == 0 ? below(900) : below(60), 'x');
    if (below(60) == 0) value += std::string(cluster_.max_batch_bytes, 'L');
    record.value = value;
    switch (below(3)) {
      case 0: record.partition = static_cast<core::Partition>(below(20) == 0 ? 9 : below(2)); break;
      case 1: record.key = "k" + std::to_string(below(5)); break;
      default: break;
    }
    const Sent sent{record.topic, value, record.partition || record.key};
    const Result<void> taken = producer_.append(id, std::move(record), now_);
    if (taken.ok()) {
      sent_.emplace(id, sent);
    } else {
      EXPECT_TRUE(stopped_);
    }
  }

  void withdraw() {
    if (sent_.empty()) return;
    const log::AppendId id = 1 + below(last_append_);
    const std::optional<core::Delivery> delivery = producer_.withdraw(id);
    if (!delivery) return;
    EXPECT_NE(delivery->fate, Fate::appended);
    ++(delivery->fate == Fate::unknown ? counts_.withdrawn_sent : counts_.withdrawn_queued);
    end(id, *delivery);
  }

  void stop() {
    ++counts_.stops;
    stopped_ = true;
    producer_.refuse_appends();
    if (below(2) == 0) producer_.abandon("stopped");
  }

  void elect() {
    if (cluster_.topics.empty()) return;
    auto topic = cluster_.topics.begin();
    std::advance(topic, below(cluster_.topics.size()));
    auto& partitions = topic->second.partitions;
    cluster_.elect(partitions[below(partitions.size())], 1 + static_cast<std::int32_t>(below(3)));
    remember_metadata();
    if (below(2) == 0) at(below(60), [this] { tell_metadata(0); });
  }

  void make_again() {
    ++counts_.deletions;
    const std::string name = below(2) == 0 ? "orders" : "views";
    cluster_.remove(name);
    remember_metadata();
    if (below(4) != 0) {
      at(below(600), [this, name] {
        cluster_.create(name, 1 + below(4));
        remember_metadata();
      });
    }
  }

  // Brokers lag behind by less than the grace for new topics.
  void remember_metadata() { history_.emplace_back(now_ms(), std::make_shared<wire::Metadata>(cluster_.metadata())); }
  void tell_metadata(std::int64_t lag) {
    std::shared_ptr<const wire::Metadata> told = history_.front().second;
    for (const auto& [time, metadata] : history_) {
      if (time <= now_ms() - lag) told = metadata;
    }
    producer_.metadata(told, now_);
  }
  void answer_refresh() {
    if (chance(6)) return producer_.metadata_refreshed(false, now_);
    tell_metadata(chance(2) ? static_cast<std::int64_t>(below(50)) : 0);
    producer_.metadata_refreshed(true, now_);
  }
  void answer_producer_id() {
    if (chance(4)) return producer_.producer_id_failed(below(2) == 0 ? 15 : 0, "not now", now_);
    ++counts_.producer_ids;
    producer_.producer_id(++last_producer_id_, static_cast<std::int16_t>(below(3)), now_);
  }

  using Batches = std::shared_ptr<const std::vector<SentBatch>>;

  void fail(std::uint64_t request, bool maybe_sent) {
    producer_.request_failed(request, maybe_sent, {ErrorKind::unavailable, "lost"}, now_);
  }

  // What the network does with a request.
  void carry(std::uint64_t request, std::int32_t broker, std::vector<SentBatch> sent) {
    const auto batches = std::make_shared<const std::vector<SentBatch>>(std::move(sent));
    const std::size_t there = below(30);
    if (chance(15)) return at(0, [this, request] { fail(request, false); });
    if (chance(15)) return at(there, [this, request] { fail(request, true); });
    if (chance(12)) {  // given up, and read by the broker later
      at(there, [this, request] { fail(request, true); });
      return at(there + below(2'000), [this, broker, batches] { write_late(broker, *batches); });
    }
    at(there, [this, request, broker, batches] { arrive(request, broker, batches); });
  }

  void write_late(std::int32_t broker, const std::vector<SentBatch>& batches) {
    for (const SentBatch& batch : batches) {
      const int repeats = cluster_.repeats;
      const ModelCluster::Outcome outcome = cluster_.append(broker, batch, true);
      if (outcome.written && cluster_.repeats == repeats) ++counts_.late_writes;
    }
  }

  void arrive(std::uint64_t request, std::int32_t broker, const Batches& batches) {
    auto response = std::make_shared<wire::msg::ProduceResponse>();
    bool all_written = true;
    for (const SentBatch& batch : *batches) {
      auto& topic = response->responses.emplace_back();
      topic.topic_id = batch.topic_id;
      if (!by_id_) topic.name = batch.topic;
      all_written = take(broker, batch, topic.partition_responses.emplace_back()) && all_written;
    }
    if (chance(20)) response->responses.pop_back();
    const std::size_t back = below(30);
    if (chance(15)) return at(back, [this, request] { fail(request, true); });
    at(back, [this, request, response] { producer_.answered(request, *response, now_); });
    // A copy of what the broker has written already.
    if (all_written && chance(10)) at(below(2'000), [this, broker, batches] { write_late(broker, *batches); });
  }

  // One partition's part at the broker; false when it was not written.
  bool take(std::int32_t broker, const SentBatch& batch, wire::msg::ProduceResponse::PartitionProduceResponse& part) {
    part.index = batch.partition;
    part.base_offset = core::kNoOffset;
    static constexpr ErrorCode kBefore[] = {
        ErrorCode::not_enough_replicas,    ErrorCode::unknown_topic_or_partition,
        ErrorCode::corrupt_message,        ErrorCode::out_of_order_sequence_number,
        ErrorCode::unknown_producer_id,    ErrorCode::invalid_producer_epoch,
        ErrorCode::leader_not_available,   ErrorCode::topic_authorization_failed};
    static constexpr ErrorCode kAfter[] = {
        ErrorCode::request_timed_out,   ErrorCode::not_enough_replicas_after_append, ErrorCode::not_leader_or_follower,
        ErrorCode::kafka_storage_error, ErrorCode::unknown_server_error,             static_cast<ErrorCode>(4711)};
    if (chance(15)) {
      part.error_code = static_cast<std::int16_t>(kBefore[below(std::size(kBefore))]);
      return false;
    }
    const bool replicated = !chance(8);
    const ModelCluster::Outcome outcome = cluster_.append(broker, batch, replicated);
    part.error_code = static_cast<std::int16_t>(outcome.error);
    part.base_offset = outcome.base_offset;
    if (outcome.error == ErrorCode::message_too_large && batch.values.size() > 1) ++counts_.too_large_split;
    if (outcome.error == ErrorCode::not_leader_or_follower && below(2) == 0) {
      const auto& leads = cluster_.topics.at(batch.topic).partitions[static_cast<std::size_t>(batch.partition)];
      part.current_leader = {leads.leader, leads.leader_epoch};
    }
    for (const std::int32_t index : outcome.bad) {
      if (!names_bad_) break;
      part.record_errors.emplace_back().batch_index = index;
    }
    if (outcome.written && (!replicated || chance(20))) {
      // It waited for its replicas in vain, or its leader was deposed meanwhile.
      part.error_code = static_cast<std::int16_t>(kAfter[below(std::size(kAfter))]);
      if (below(2) == 0) part.base_offset = core::kNoOffset;
      // Where the broker is no longer the leader, or has no such topic any more,
      // only the offset shows that it was written.
      const bool left = below(4) == 0;
      if (left) part.error_code = static_cast<std::int16_t>(ErrorCode::unknown_topic_or_partition);
      const auto code = static_cast<ErrorCode>(part.error_code);
      if (left || code == ErrorCode::not_leader_or_follower) part.base_offset = outcome.base_offset;
    }
    return outcome.written;
  }

  void check() {
    const std::map<std::string, std::vector<ModelCluster::Place>> places = cluster_.read_logs();
    for (const auto& [value, found] : places) EXPECT_EQ(found.size(), 1u) << value << " was written twice";
    std::map<std::pair<std::string, bool>, std::map<core::Offset, log::AppendId>> order;
    for (const auto& [id, sent] : sent_) {
      const auto ended = ends_.find(id);
      if (ended == ends_.end()) {
        ADD_FAILURE() << sent.value << " never ended";
        continue;
      }
      const core::Delivery& end = ended->second;
      const auto found = places.find(sent.value);
      const ModelCluster::Place* place = found == places.end() ? nullptr : &found->second.front();
      check_one(sent, end, place);
      if (end.fate == Fate::appended) {
        order[{end.topic_id.to_string() + std::to_string(end.partition), sent.placed_by_caller}][end.offset] = id;
      }
    }
    if (deletes_) return;  // what a deletion sent back to be placed again may be overtaken
    for (const auto& [where, by_offset] : order) {
      log::AppendId last = 0;
      for (const auto& [offset, id] : by_offset) {
        EXPECT_LT(last, id) << "out of order in partition " << where.first;
        last = id;
      }
    }
  }

  void check_one(const Sent& sent, const core::Delivery& end, const ModelCluster::Place* place) {
    switch (end.fate) {
      case Fate::appended:
        ++counts_.appended;
        ASSERT_TRUE(place) << sent.value << " is missing";
        EXPECT_EQ(place->topic_id, end.topic_id);
        EXPECT_EQ(place->partition, end.partition) << sent.value;
        EXPECT_EQ(place->offset, end.offset) << sent.value;
        break;
      case Fate::not_appended:
        ++counts_.not_appended;
        EXPECT_FALSE(place) << sent.value << " was called not appended: " << end.detail;
        counts_.bad += sent.value.starts_with("bad") && end.reason == Reason::invalid;
        counts_.too_large += end.reason == Reason::too_large;
        counts_.unknown_topic += end.reason == Reason::unknown_topic;
        counts_.invalid_partition += end.detail.find("partitions") != std::string::npos;
        break;
      case Fate::unknown:
        ++counts_.unknown;
        if (!place) break;
        ++counts_.unknown_found;
        EXPECT_EQ(place->partition, end.partition);
        EXPECT_EQ(place->topic_id, end.topic_id);
        EXPECT_GE(place->offset, end.offset) << sent.value;
        break;
    }
    if (sent.value.starts_with("bad")) {
      EXPECT_EQ(place, nullptr);
    }
  }

  std::mt19937_64 random_;
  Counts& counts_;
  ModelCluster cluster_;
  Producer producer_;
  core::Time now_{1h};
  bool faults_ = true;
  bool deletes_ = false;
  bool stopped_ = false;
  const bool by_id_ = below(2) == 0;
  const bool names_bad_ = below(2) == 0;
  std::priority_queue<Event> events_;
  std::uint64_t event_number_ = 0;
  std::vector<std::pair<std::int64_t, std::shared_ptr<const wire::Metadata>>> history_;
  log::AppendId last_append_ = 0;
  std::int64_t last_producer_id_ = 0;
  std::map<log::AppendId, Sent> sent_;
  std::map<log::AppendId, core::Delivery> ends_;
};

}  // namespace tidemark::kafka::test
