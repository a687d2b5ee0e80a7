// A KafkaLog on a thread of its own, with everything it tells written down.
//
// Threading: all methods may be called from the test's thread; each copies under
// a lock what the reactor has recorded so far.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/events.h"
#include "kafka/kafka_log.h"
#include "support/eventually.h"

namespace tidemark::test {

struct SeenCommit {
  std::string group;
  std::string topic;
  Uuid topic_id;
  core::Partition partition = 0;
  core::Offset offset = core::kNoOffset;
  core::LogPoint at;
  core::Offset settled_at = core::kNoOffset;
  bool after_synced = false;
};

struct SeenSeed {
  std::string group;
  std::vector<core::Offset> as_of;
  std::map<std::pair<std::string, core::Partition>, core::Offset> rows;
};

struct SeenGroup {
  std::string group;
  bool exists = true;
  bool managed = false;
  int members = 0;
  bool topics_known = false;
  std::vector<std::string> topics;
  std::string client;
  std::vector<std::string> ids;
  core::LogPoint at;
};

struct SeenShare {
  std::string topic;
  core::Partition partition = 0;
  core::Offset start = core::kNoOffset;
  std::vector<core::Range> acknowledged;
  std::vector<core::Range> archived;
};

struct SeenChange {
  core::GroupChange::Shows shows = core::GroupChange::Shows::no_more;
  std::string member;
  core::LogPoint at;
};

struct SeenEnds {
  std::string topic;
  Uuid topic_id;
  core::Partition partition = 0;
  core::Offset log_start = core::kNoOffset;
  core::Offset last_stable = core::kNoOffset;
  core::Offset high_watermark = core::kNoOffset;
  std::uint64_t asked = 0;
};

struct SeenRecord {
  core::Partition partition = 0;
  core::Offset offset = core::kNoOffset;
  std::optional<std::string> key;
  std::optional<std::string> value;
  bool after_synced = false;
};

class RunningLog : log::Observer {
 public:
  // Connects and starts; throws std::runtime_error when the configuration is refused.
  explicit RunningLog(kafka::KafkaConfig config, const std::vector<log::Follow>& follows = {});
  explicit RunningLog(const std::string& bootstrap, const std::vector<log::Follow>& follows = {});
  ~RunningLog();

  // Waits until on_synced has come `times` times.
  bool wait_synced(std::size_t times = 1, std::chrono::milliseconds bound = kBound);
  std::size_t synced() const;
  // Groups that somebody waits for, from now on.
  void set_open(std::vector<log::OpenGroup> groups);
  std::vector<std::string> lost() const;

  std::vector<SeenCommit> commits_of(const std::string& group) const;
  // The last commit of the group for the partition, waited for.
  std::optional<SeenCommit> wait_commit(const std::string& group, const std::string& topic, core::Partition partition,
                                        core::Offset offset, std::chrono::milliseconds bound = kBound);
  std::vector<SeenSeed> seeds_of(const std::string& group) const;
  std::vector<SeenGroup> states_of(const std::string& group) const;
  std::vector<SeenChange> changes_of(const std::string& group) const;
  // Waits until the latest state of the group is as `wanted` says.
  bool wait_group(const std::string& group, const std::function<bool(const SeenGroup&)>& wanted,
                  std::chrono::milliseconds bound = kBound);
  std::vector<SeenShare> shares_of(const std::string& group) const;
  std::optional<core::TopicState> topic(const std::string& name) const;
  std::optional<core::TopicState> wait_topic(const std::string& name);

  void ask_ends(const log::EndsQuery& query);
  using Rows = std::map<std::pair<std::string, core::Partition>, core::Offset>;
  // Asks what the group has committed, with transactions settled; returns the question's number.
  std::uint64_t ask_rows(const std::string& group);
  // Waits for an answer to the question, or a later one.
  std::optional<Rows> wait_rows(const std::string& group, std::uint64_t number);
  // Waits for an answer that covers the question.
  std::optional<SeenEnds> wait_ends(const std::string& topic, core::Partition partition, std::uint64_t number);

  // Waits for the answer, which comes at the bound at the latest.
  std::optional<core::Sight> look(core::Look look, core::Duration bound = std::chrono::seconds(10));
  std::vector<SeenRecord> followed(const std::string& topic) const;
  bool wait_followed(const std::string& topic, std::size_t records);
  std::optional<log::ClusterFacts> inspect(core::Duration bound = std::chrono::seconds(10));

  std::optional<core::Delivery> append(log::Record record);
  kafka::KafkaCounters counters();
  // Stops the log; nothing is told afterwards. Returns how many calls came after its end.
  std::size_t stop();

 private:
  void on_delivered(log::AppendId id, const core::Delivery& delivery) override;
  void on_commit(const core::Commit& commit) override;
  void on_seed(const core::Seed& seed) override;
  void on_rows(const core::Rows& rows) override;
  void on_group(const core::GroupState& group) override;
  void on_group_changed(const core::GroupChange& change) override;
  void on_topics(std::span<const core::TopicState> topics) override;
  void on_ends(const core::Ends& ends) override;
  void on_sight(const core::Sight& sight) override;
  void on_followed(const log::FollowedRecord& record) override;
  void on_share(const core::ShareProgress& progress) override;
  void on_synced() override;
  void on_lost(const std::string& why) override;
  void open_groups(std::vector<log::OpenGroup>& groups) override;
  void run_on_reactor(const std::function<void()>& work);
  void note_call();

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<kafka::KafkaLog> log_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<SeenCommit>> commits_;
  std::map<std::string, std::vector<SeenSeed>> seeds_;
  std::map<std::string, std::pair<std::uint64_t, Rows>> rows_;  // the latest, and the question's number
  std::map<std::string, std::vector<SeenGroup>> groups_;
  std::map<std::string, std::vector<SeenChange>> changes_;
  std::map<std::string, core::TopicState> topics_;
  std::vector<SeenEnds> ends_;
  std::map<log::AppendId, core::Delivery> deliveries_;
  std::map<std::uint64_t, core::Sight> sights_;
  std::map<std::string, std::vector<SeenRecord>> followed_;
  std::optional<log::ClusterFacts> facts_;
  std::map<std::string, std::vector<SeenShare>> shares_;
  std::vector<std::string> lost_;
  std::vector<log::OpenGroup> open_;
  std::size_t synced_ = 0;
  bool stopped_ = false;
  std::size_t calls_after_stop_ = 0;
  log::AppendId next_append_ = 1;
  std::uint64_t next_look_ = 1;
  std::uint64_t next_rows_ = 1;
  std::thread thread_;
};

}  // namespace tidemark::test
