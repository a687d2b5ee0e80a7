#include "running_log.h"

#include <boost/asio/post.hpp>
#include <future>
#include <stdexcept>
#include <utility>

namespace tidemark::test {
namespace {

kafka::KafkaConfig config_for(const std::string& bootstrap) {
  kafka::KafkaConfig config;
  config.bootstrap = bootstrap;
  return config;
}

}  // namespace

RunningLog::RunningLog(const std::string& bootstrap, const std::vector<log::Follow>& follows)
    : RunningLog(config_for(bootstrap), follows) {}

RunningLog::RunningLog(kafka::KafkaConfig config, const std::vector<log::Follow>& follows)
    : work_(io_.get_executor()) {
  auto made = kafka::KafkaLog::make(io_, std::move(config));
  if (!made) throw std::runtime_error(made.error().message);
  log_ = std::move(made).value();
  for (const log::Follow& follow : follows) log_->follow(follow);
  thread_ = std::thread([this] { io_.run(); });
  run_on_reactor([this] { log_->start(*this); });
}

RunningLog::~RunningLog() {
  stop();
  run_on_reactor([this] { log_.reset(); });
  work_.reset();
  thread_.join();
}

void RunningLog::run_on_reactor(const std::function<void()>& work) {
  std::promise<void> done;
  boost::asio::post(io_, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

std::size_t RunningLog::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return calls_after_stop_;
  }
  std::promise<void> done;
  boost::asio::post(io_, [&] {
    log_->stop(std::chrono::seconds(2), [&] {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      done.set_value();
    });
  });
  done.get_future().wait();
  // Whatever is still in the reactor's queue runs before this does.
  run_on_reactor([] {});
  const std::lock_guard lock(mutex_);
  return calls_after_stop_;
}

void RunningLog::note_call() {
  if (stopped_) ++calls_after_stop_;
}

bool RunningLog::wait_synced(std::size_t times, std::chrono::milliseconds bound) {
  return eventually([&] { return synced() >= times; }, bound);
}

std::size_t RunningLog::synced() const {
  const std::lock_guard lock(mutex_);
  return synced_;
}

std::vector<std::string> RunningLog::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

std::vector<SeenCommit> RunningLog::commits_of(const std::string& group) const {
  const std::lock_guard lock(mutex_);
  const auto found = commits_.find(group);
  return found == commits_.end() ? std::vector<SeenCommit>{} : found->second;
}

std::optional<SeenCommit> RunningLog::wait_commit(const std::string& group, const std::string& topic,
                                                  core::Partition partition, core::Offset offset,
                                                  std::chrono::milliseconds bound) {
  std::optional<SeenCommit> seen;
  eventually(
      [&] {
        for (const SeenCommit& commit : commits_of(group)) {
          if (commit.topic == topic && commit.partition == partition && commit.offset == offset) seen = commit;
        }
        return seen.has_value();
      },
      bound);
  return seen;
}

std::vector<SeenSeed> RunningLog::seeds_of(const std::string& group) const {
  const std::lock_guard lock(mutex_);
  const auto found = seeds_.find(group);
  return found == seeds_.end() ? std::vector<SeenSeed>{} : found->second;
}

std::vector<SeenGroup> RunningLog::states_of(const std::string& group) const {
  const std::lock_guard lock(mutex_);
  const auto found = groups_.find(group);
  return found == groups_.end() ? std::vector<SeenGroup>{} : found->second;
}

std::vector<SeenChange> RunningLog::changes_of(const std::string& group) const {
  const std::lock_guard lock(mutex_);
  const auto found = changes_.find(group);
  return found == changes_.end() ? std::vector<SeenChange>{} : found->second;
}

bool RunningLog::wait_group(const std::string& group, const std::function<bool(const SeenGroup&)>& wanted,
                            std::chrono::milliseconds bound) {
  return eventually(
      [&] {
        const auto states = states_of(group);
        return !states.empty() && wanted(states.back());
      },
      bound);
}

std::optional<core::TopicState> RunningLog::topic(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(name);
  if (found == topics_.end()) return std::nullopt;
  return found->second;
}

std::optional<core::TopicState> RunningLog::wait_topic(const std::string& name) {
  eventually([&] { return topic(name).has_value(); });
  return topic(name);
}

void RunningLog::ask_ends(const log::EndsQuery& query) {
  run_on_reactor([&] { log_->ask_ends(query); });
}

std::uint64_t RunningLog::ask_rows(const std::string& group) {
  const std::uint64_t number = next_rows_++;
  run_on_reactor([&] { log_->ask_rows(group, number); });
  return number;
}

std::optional<RunningLog::Rows> RunningLog::wait_rows(const std::string& group, std::uint64_t number) {
  std::optional<Rows> seen;
  eventually([&] {
    const std::lock_guard lock(mutex_);
    const auto found = rows_.find(group);
    if (found != rows_.end() && found->second.first >= number) seen = found->second.second;
    return seen.has_value();
  });
  return seen;
}

std::optional<SeenEnds> RunningLog::wait_ends(const std::string& topic, core::Partition partition,
                                              std::uint64_t number) {
  std::optional<SeenEnds> seen;
  eventually([&] {
    const std::lock_guard lock(mutex_);
    for (const SeenEnds& ends : ends_) {
      if (ends.topic == topic && ends.partition == partition && ends.asked >= number) seen = ends;
    }
    return seen.has_value();
  });
  return seen;
}

std::optional<core::Sight> RunningLog::look(core::Look look, core::Duration bound) {
  look.number = next_look_++;
  bool taken = false;
  run_on_reactor([&] { taken = log_->look(look, bound).ok(); });
  if (!taken) return std::nullopt;
  std::optional<core::Sight> seen;
  eventually([&] {
    const std::lock_guard lock(mutex_);
    const auto found = sights_.find(look.number);
    if (found != sights_.end()) seen = found->second;
    return seen.has_value();
  });
  return seen;
}

std::vector<SeenRecord> RunningLog::followed(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  const auto found = followed_.find(topic);
  return found == followed_.end() ? std::vector<SeenRecord>{} : found->second;
}

bool RunningLog::wait_followed(const std::string& topic, std::size_t records) {
  return eventually([&] { return followed(topic).size() >= records; });
}

std::optional<log::ClusterFacts> RunningLog::inspect(core::Duration bound) {
  run_on_reactor([&] {
    log_->inspect(bound, [this](log::ClusterFacts facts) {
      const std::lock_guard lock(mutex_);
      facts_ = std::move(facts);
    });
  });
  std::optional<log::ClusterFacts> facts;
  eventually([&] {
    const std::lock_guard lock(mutex_);
    facts = facts_;
    return facts.has_value();
  });
  return facts;
}

std::optional<core::Delivery> RunningLog::append(log::Record record) {
  const log::AppendId id = next_append_++;
  bool taken = false;
  run_on_reactor([&] { taken = log_->append(id, std::move(record)).ok(); });
  if (!taken) return std::nullopt;
  std::optional<core::Delivery> delivery;
  eventually([&] {
    const std::lock_guard lock(mutex_);
    const auto found = deliveries_.find(id);
    if (found != deliveries_.end()) delivery = found->second;
    return delivery.has_value();
  });
  return delivery;
}

kafka::KafkaCounters RunningLog::counters() {
  kafka::KafkaCounters counters;
  run_on_reactor([&] { counters = log_->counters(); });
  return counters;
}

void RunningLog::on_delivered(log::AppendId id, const core::Delivery& delivery) {
  const std::lock_guard lock(mutex_);
  note_call();
  deliveries_[id] = delivery;
}

void RunningLog::on_commit(const core::Commit& commit) {
  const std::lock_guard lock(mutex_);
  note_call();
  commits_[std::string(commit.group)].push_back({std::string(commit.group), std::string(commit.topic), commit.topic_id,
                                                 commit.partition, commit.offset, commit.at, commit.settled_at,
                                                 synced_ > 0});
}

void RunningLog::on_seed(const core::Seed& seed) {
  const std::lock_guard lock(mutex_);
  note_call();
  SeenSeed& seen = seeds_[std::string(seed.group)].emplace_back();
  seen.group = seed.group;
  if (seed.as_of) seen.as_of = *seed.as_of;
  for (const core::SeedRow& row : seed.rows) seen.rows[{row.topic, row.partition}] = row.offset;
}

void RunningLog::on_rows(const core::Rows& rows) {
  const std::lock_guard lock(mutex_);
  note_call();
  rows_[std::string(rows.group)] = {rows.number, {}};
  for (const core::SeedRow& row : rows.rows) rows_[std::string(rows.group)].second[{row.topic, row.partition}] = row.offset;
}

void RunningLog::on_group(const core::GroupState& group) {
  const std::lock_guard lock(mutex_);
  note_call();
  groups_[std::string(group.group)].push_back({std::string(group.group), group.exists, group.managed, group.members,
                                               group.topics_known,
                                               std::vector<std::string>(group.topics.begin(), group.topics.end()),
                                               std::string(group.client),
                                               std::vector<std::string>(group.ids.begin(), group.ids.end()), group.at});
}

void RunningLog::on_group_changed(const core::GroupChange& change) {
  const std::lock_guard lock(mutex_);
  note_call();
  changes_[std::string(change.group)].push_back({change.shows, std::string(change.member), change.at});
}

void RunningLog::on_topics(std::span<const core::TopicState> topics) {
  const std::lock_guard lock(mutex_);
  note_call();
  topics_.clear();
  for (const core::TopicState& topic : topics) topics_[topic.name] = topic;
}

void RunningLog::on_ends(const core::Ends& ends) {
  const std::lock_guard lock(mutex_);
  note_call();
  ends_.push_back({std::string(ends.topic), ends.topic_id, ends.partition, ends.log_start, ends.last_stable,
                   ends.high_watermark, ends.asked});
}

void RunningLog::on_sight(const core::Sight& sight) {
  const std::lock_guard lock(mutex_);
  note_call();
  sights_[sight.number] = sight;
}

void RunningLog::on_followed(const log::FollowedRecord& record) {
  const std::lock_guard lock(mutex_);
  note_call();
  SeenRecord& seen = followed_[std::string(record.topic)].emplace_back();
  seen.partition = record.partition;
  seen.offset = record.offset;
  if (record.key) seen.key = *record.key;
  if (record.value) seen.value = *record.value;
  seen.after_synced = synced_ > 0;
}

void RunningLog::on_share(const core::ShareProgress& progress) {
  const std::lock_guard lock(mutex_);
  note_call();
  shares_[std::string(progress.group)].push_back(
      {std::string(progress.topic), progress.partition, progress.start,
       std::vector<core::Range>(progress.acknowledged.begin(), progress.acknowledged.end()),
       std::vector<core::Range>(progress.archived.begin(), progress.archived.end())});
}

std::vector<SeenShare> RunningLog::shares_of(const std::string& group) const {
  const std::lock_guard lock(mutex_);
  const auto found = shares_.find(group);
  return found == shares_.end() ? std::vector<SeenShare>{} : found->second;
}

void RunningLog::on_synced() {
  const std::lock_guard lock(mutex_);
  note_call();
  ++synced_;
}

void RunningLog::on_lost(const std::string& why) {
  const std::lock_guard lock(mutex_);
  note_call();
  lost_.push_back(why);
}

void RunningLog::set_open(std::vector<log::OpenGroup> groups) {
  const std::lock_guard lock(mutex_);
  open_ = std::move(groups);
}

void RunningLog::open_groups(std::vector<log::OpenGroup>& groups) {
  const std::lock_guard lock(mutex_);
  groups.insert(groups.end(), open_.begin(), open_.end());
}

}  // namespace tidemark::test
