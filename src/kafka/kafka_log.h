// The log, over Kafka's own protocol.
//
// Joins what this directory is made of: the cluster's metadata, the producer,
// the tail of __consumer_offsets, the groups and the ends of partitions, followed
// topics and looks, and tells one observer what they find.
//
// Threading: everything on the reactor of `io`; observer callbacks come from
// there, never from within the call that causes them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "core/time.h"
#include "kafka/ends_asker.h"
#include "kafka/follower.h"
#include "kafka/group_asker.h"
#include "kafka/looker.h"
#include "kafka/poll_plan.h"
#include "kafka/produce_driver.h"
#include "kafka/share_state.h"
#include "kafka/tail_driver.h"
#include "log/log.h"

namespace tidemark::kafka {

// Where committed positions come from.
enum class Positions {
  automatic,  // the commit log; asked for while it may not be read
  poll,       // always asked for
};

struct KafkaConfig {
  std::string bootstrap;  // "HOST:PORT,…"
  std::string client_id = "tidemark";
  core::Duration connect_timeout = std::chrono::seconds(5);
  core::Duration metadata_refresh = std::chrono::seconds(10);
  // Between two looks for a __consumer_offsets that does not exist yet.
  core::Duration missing_topic_refresh = std::chrono::milliseconds(100);
  // No server answering for so long: on_lost.
  core::Duration unreachable_after = std::chrono::seconds(1);
  // A partition of the tail without an answer for so long: on_lost.
  core::Duration stalled_after = std::chrono::seconds(5);
  // A group of the start-up without an answer for so long is named in the log
  // and no longer waited for; it is still asked.
  core::Duration group_patience = std::chrono::seconds(10);
  // Between two lists of all groups, in case the tail said too little of one.
  core::Duration list_interval = std::chrono::seconds(30);
  // The same while positions are asked for: nothing else tells of a new group.
  core::Duration polled_list_interval = std::chrono::seconds(5);
  // A commit log that is not there is asked for by its name so often.
  core::Duration absence_recheck = std::chrono::seconds(1);
  // Changes of groups are gathered for so long.
  core::Duration gather = std::chrono::milliseconds(100);
  std::size_t max_groups = 100'000;
  Positions positions = Positions::automatic;
  // Between two attempts to read a commit log that was denied.
  core::Duration denied_retry = std::chrono::minutes(1);
  PollSettings poll;
  TailDriver::Options tail;
  ProduceOptions produce;
  LookQueue::Limits look;
  FollowSettings follow;
};

struct KafkaCounters {
  ProduceCounters produce;
  TailDriverCounters tail;
  GroupCounters groups;
  EndsCounters ends;
  LookCounters looks;
  FollowCounters follow;
  PollCounters poll;
  ShareCounters share;
  std::uint64_t times_lost = 0;
  std::uint64_t times_synced = 0;
  std::size_t known_groups = 0;
  std::size_t offsets_partitions = 0;
};

class KafkaLog : public log::Log {
 public:
  // Connects to nobody before start(). `io` must outlive the log. The error is
  // `invalid` and names what is wrong with the configuration.
  static Result<std::unique_ptr<KafkaLog>> make(boost::asio::io_context& io, KafkaConfig config);
  // Without a stop() before: closes at once; appends that are left get no
  // delivery. Not from within an observer's callback.
  ~KafkaLog() override;

  void start(log::Observer& observer) override;
  Result<void> append(log::AppendId id, log::Record record) override;
  std::optional<core::Delivery> withdraw(log::AppendId id) override;
  void ask_ends(const log::EndsQuery& query) override;
  void ask_rows(const std::string& group, std::uint64_t number) override;
  Result<void> look(const core::Look& look, core::Duration bound) override;
  void follow(log::Follow follow) override;
  log::Positions positions() const override;
  void inspect(core::Duration bound, std::function<void(log::ClusterFacts)> done) override;
  void refresh_topics(core::Duration bound, std::function<void()> done) override;
  void stop(core::Duration bound, std::function<void()> done) override;

  KafkaCounters counters() const;

 private:
  class Core;
  explicit KafkaLog(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
