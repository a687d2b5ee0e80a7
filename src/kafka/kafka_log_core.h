// The inside of KafkaLog: what the log, the tail and the groups tell is joined
// here. kafka_log.cpp carries out the start-up; kafka_log_poll.cpp has what is done
// while the commit log may not be read, and with the state of share groups.
//
// Threading: the reactor's.
#pragma once

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <random>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kafka/group_watch.h"
#include "kafka/inspector.h"
#include "kafka/kafka_log.h"
#include "kafka/log_access.h"
#include "kafka/poller.h"
#include "kafka/start_up.h"
#include "wire/cluster.h"

namespace tidemark::kafka {
namespace inside {

inline core::Time clock_now() { return std::chrono::steady_clock::now(); }

// The topic is small: its coordinators remove what a snapshot has replaced.
inline constexpr core::Duration kAllHistory = std::chrono::hours(24 * 365 * 50);

inline bool is_internal(const std::string& topic) { return topic.starts_with("__"); }

inline std::vector<core::TopicState> topic_states(const wire::Metadata& metadata) {
  std::vector<core::TopicState> topics;
  for (const auto& [name, topic] : metadata.topics) {
    if (is_internal(name) || topic.partitions.empty()) continue;
    topics.push_back({name, topic.id, static_cast<core::Partition>(topic.partitions.size())});
  }
  std::sort(topics.begin(), topics.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return topics;
}

inline bool same(const std::vector<core::TopicState>& a, const std::vector<core::TopicState>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.name == y.name && x.topic_id == y.topic_id && x.partitions == y.partitions;
  });
}

inline wire::Random make_random() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  return [generator = std::mt19937_64(seed)]() mutable { return generator(); };
}

}  // namespace inside

class KafkaLog::Core final : public std::enable_shared_from_this<KafkaLog::Core>,
                              public TailObserver,
                              public GroupObserver,
                              public PollSink {
 public:
  Core(boost::asio::io_context& io, KafkaConfig config, std::vector<wire::Address> bootstrap)
      : io_(io),
        config_(std::move(config)),
        bootstrap_(std::move(bootstrap)),
        timer_(io),
        watch_(config_.max_groups) {}

  void start(log::Observer& observer) {
    observer_ = &observer;
    last_list_ = phase_since_ = inside::clock_now();
    wire::ClusterOptions options;
    options.bootstrap = bootstrap_;
    options.refresh_interval = std::chrono::duration_cast<wire::Duration>(config_.metadata_refresh);
    options.connection.client_id = config_.client_id;
    options.connection.connect_timeout = std::chrono::duration_cast<wire::Duration>(config_.connect_timeout);
    cluster_ = std::make_unique<wire::Cluster>(io_, std::move(options), inside::make_random());
    tail_ = std::make_unique<TailDriver>(io_, *cluster_, config_.tail, *this);
    groups_ = std::make_unique<GroupAsker>(io_, *cluster_, GroupQuestions::Limits{}, *this);
    poller_ = std::make_unique<Poller>(io_, *groups_, config_.poll, *this, [this](auto& open) {
      if (observer_ != nullptr) observer_->open_groups(open);
    });
    access_ = std::make_unique<LogAccess>(io_, *cluster_);
    ends_ = std::make_unique<EndsAsker>(io_, *cluster_, [this](const core::Ends& ends) { on_ends(ends); });
    looker_ = std::make_unique<Looker>(io_, *cluster_, config_.look, [this](const core::Sight& sight) {
      if (observer_ != nullptr) observer_->on_sight(sight);
    });
    inspector_ = std::make_unique<Inspector>(io_, *cluster_);
    start_following();
    producer_ = std::make_unique<ProduceDriver>(io_, *cluster_, config_.produce,
                                                [this](log::AppendId id, const core::Delivery& delivery) {
                                                  if (observer_ != nullptr) observer_->on_delivered(id, delivery);
                                                  poller_->hurry();
                                                });
    if (config_.positions == Positions::poll) go_polling({By::asked_as_configured, "the configuration says so"});
    subscriptions_.push_back(cluster_->on_metadata([this](const wire::Metadata& metadata) { on_metadata(metadata); }));
    arm_timer();
  }

  Result<void> append(log::AppendId id, log::Record record) {
    if (observer_ == nullptr) return Error{ErrorKind::unavailable, "the log is stopped"};
    return producer_->append(id, std::move(record));
  }

  std::optional<core::Delivery> withdraw(log::AppendId id) {
    return observer_ == nullptr ? std::nullopt : producer_->withdraw(id);
  }

  void ask_ends(const log::EndsQuery& query) {
    if (observer_ != nullptr) ends_->ask(query);
  }

  void ask_rows(const std::string& group, std::uint64_t number) {
    if (observer_ != nullptr) groups_->ask_stable_rows(group, number);
  }

  Result<void> look(const core::Look& look, core::Duration bound) {
    if (observer_ == nullptr) return Error{ErrorKind::unavailable, "the log is stopped"};
    return looker_->look(look, bound);
  }

  void follow(log::Follow follow) {
    if (cluster_ == nullptr) follows_.push_back(std::move(follow));
  }

  void inspect(core::Duration bound, std::function<void(log::ClusterFacts)> done) {
    if (observer_ == nullptr) return boost::asio::post(io_, [done = std::move(done)] { done({}); });
    const bool polling = come_.polled();
    inspector_->inspect(bound, polling ? blind_ : tail_->unread(),
                        [polling, done = std::move(done)](log::ClusterFacts facts) {
                          facts.polling = polling;
                          done(std::move(facts));
                        });
  }

  void refresh_topics(core::Duration bound, std::function<void()> done) {
    if (observer_ == nullptr) return boost::asio::post(io_, std::move(done));
    cluster_->refresh(std::chrono::duration_cast<wire::Duration>(bound),
                      [done = std::move(done)](const Result<void>&) { done(); });
  }

  void stop(core::Duration bound, std::function<void()> done) {
    if (observer_ == nullptr) return boost::asio::post(io_, std::move(done));
    producer_->stop(bound, [weak = weak_from_this(), done = std::move(done)] {
      if (const auto self = weak.lock()) self->close();
      done();
    });
  }

  // Nothing is called after this.
  void close() {
    if (cluster_ == nullptr) return;
    observer_ = nullptr;
    timer_.cancel();
    subscriptions_.clear();
    tail_->stop();
    poller_->stop();
    access_->stop();
    groups_->stop();
    ends_->stop();
    looker_->stop();
    follower_->stop();
    inspector_->stop();
    cluster_->stop();
  }

  const log::Positions& positions_come() const { return come_; }

  KafkaCounters counters() const {
    KafkaCounters counters = counters_;
    if (producer_ != nullptr) counters.produce = producer_->counters();
    if (tail_ != nullptr) counters.tail = tail_->counters();
    if (groups_ != nullptr) counters.groups = groups_->counters();
    if (ends_ != nullptr) counters.ends = ends_->counters();
    if (looker_ != nullptr) counters.looks = looker_->counters();
    if (poller_ != nullptr) counters.poll = poller_->counters();
    if (follower_ != nullptr) counters.follow = follower_->counters();
    counters.share = share_.counters();
    counters.known_groups = watch_.known();
    counters.offsets_partitions = static_cast<std::size_t>(offsets_partitions_);
    return counters;
  }

 private:
  using By = core::PositionsBy;

  // The log may become readable again.
  bool denial_may_pass() const {
    return come_.by == By::asked_as_denied && config_.positions == Positions::automatic;
  }

  // The cluster.

  void on_metadata(const wire::Metadata& metadata) {
    std::vector<core::TopicState> topics = inside::topic_states(metadata);
    if (!topics_told_ || !inside::same(topics, topics_)) {
      topics_ = std::move(topics);
      topics_told_ = true;
      observer_->on_topics(topics_);
      if (observer_ == nullptr) return;
    }
    tell_new_leaders(metadata);
    if (observer_ == nullptr) return;
    name_share_topics(metadata);
    if (observer_ == nullptr) return;
    const wire::TopicInfo* offsets = metadata.find_topic(kOffsetsTopic);
    log_missing_ = offsets == nullptr;
    if (offsets != nullptr && !polling_alone()) {
      // It exists, but its partitions are not there yet.
      if (offsets->partitions.empty()) return;
      if (offsets_id_.is_nil()) offsets_id_ = offsets->id;
      if (offsets->id != offsets_id_) {
        return carry_out(start_up_.on_hopeless(
            "the commit log was deleted and made again; what is known of it is void: restart the gateway"));
      }
      offsets_partitions_ = static_cast<core::Partition>(offsets->partitions.size());
    }
    std::set<std::int32_t> brokers;
    for (const auto& [id, address] : metadata.brokers) brokers.insert(id);
    carry_out(start_up_.on_cluster(brokers, polling_alone() ? 0 : offsets_partitions_));
  }

  // A partition that has a new leader since the metadata before.
  void tell_new_leaders(const wire::Metadata& metadata);

  void check_health();

  // The start-up.

  void carry_out(const StartUpSteps& steps);

  void check_followed() {
    if (observer_ == nullptr || !synced_but_for_followed_ || !follower_->caught_up()) return;
    synced_but_for_followed_ = false;
    ++counters_.times_synced;
    spdlog::info("all commits are known: {} groups, {} partitions of the commit log", watch_.known(),
                 offsets_partitions_);
    observer_->on_synced();
  }

  void start_following() {
    Follower::Callbacks callbacks;
    callbacks.record = [this](const log::FollowedRecord& record) {
      if (observer_ == nullptr) return;
      if (record.topic == kShareStateTopic) return on_share_record(record);
      observer_->on_followed(record);
    };
    callbacks.moved = [this] { check_followed(); };
    log::Follow share_state;
    share_state.topic = kShareStateTopic;
    share_state.history = inside::kAllHistory;
    share_state.partitions = 0;
    follows_.push_back(share_state);
    callbacks.trouble = [](const std::string& what) { spdlog::warn("{}", what); };
    follower_ = std::make_unique<Follower>(io_, *cluster_, follows_, config_.follow, std::move(callbacks));
  }

  void on_share_record(const log::FollowedRecord& record);

  ShareState::Tell tell_share();

  void name_share_topics(const wire::Metadata& metadata);

  void ask_offsets_topic(core::Partition partition, bool high_watermark) {
    log::EndsQuery query;
    query.topic = kOffsetsTopic;
    query.partition = partition;
    query.high_watermark = high_watermark;
    query.last_stable = !high_watermark;
    query.number = high_watermark ? start_up_.round() : 0;
    ends_->ask(query);
  }

  void on_ends(const core::Ends& ends) {
    if (observer_ == nullptr) return;
    if (ends.topic != kOffsetsTopic) {
      if (ends.high_watermark != core::kNoOffset)
        producer_->high_watermark(ends.topic, ends.topic_id, ends.partition, ends.high_watermark);
      return observer_->on_ends(ends);
    }
    if (ends.last_stable != core::kNoOffset) carry_out(start_up_.on_last_stable(ends.partition, ends.last_stable));
    if (ends.high_watermark != core::kNoOffset)
      carry_out(start_up_.on_high_watermark(ends.partition, ends.high_watermark, ends.asked));
    // The tail may have passed all of them by now.
    on_tailed();
  }

  void check_start_up(core::Time now);

  // The tail.

  void on_commit(const core::Commit& commit) override {
    if (observer_ == nullptr) return;
    if (commit.offset != core::kNoOffset && watch_.meet(commit.group)) watch_.changed(commit.group, GroupType::unknown);
    observer_->on_commit(commit);
  }

  void on_classic_group(const ClassicGroup& group, core::LogPoint at) override {
    if (observer_ == nullptr) return;
    watch_.meet(group.group);
    core::GroupState state;
    state.group = group.group;
    state.managed = group.members > 0 || group.generation > 0 || !group.protocol_type.empty();
    state.members = group.members;
    state.topics_known = group.topics_known;
    state.topics = group.topics;
    state.client = group.client;
    state.at = at;
    observer_->on_group(state);
  }

  void on_group_changed(const GroupChanged& change, core::LogPoint at) override;

  void on_group_doubtful(std::string_view group, core::LogPoint version) override { watch_.doubtful(group, version); }

  void on_tailed() override {
    if (observer_ != nullptr && start_up_.phase() == StartUp::Phase::catching_up)
      carry_out(start_up_.on_tail(tail_->positions()));
  }

  void on_position_gone(core::Partition partition, core::Offset position) override {
    spdlog::error("the commit log no longer has offset {} of partition {}: reading it anew", position, partition);
    carry_out(start_up_.on_position_gone(partition));
  }

  void on_blinded(core::Partition partition, const std::string& why) override {
    poll_soon({By::asked_as_blind,
               "commits in partition " + std::to_string(partition) + " of the commit log cannot be read: " + why});
  }

  void on_denied() override { poll_soon({By::asked_as_denied, "the commit log is denied"}); }

  // Polling, in place of the tail.

  // The tail plays no part, nor is it about to.
  bool polling_alone() const { return poller_->running() && !trying_tail_; }

  core::TailPositions positions() const {
    return std::make_shared<const std::vector<core::Offset>>(poller_->running() ? std::vector<core::Offset>{}
                                                                                : tail_->positions());
  }

  // Not from within the tail's calls.
  void poll_soon(log::Positions come);

  void go_polling(log::Positions come);

  void leave_polling();

  void check_access(core::Time now);

  void on_access(Access access, bool rows_were_seen);

  void try_tail();

  // What polling told of members is in no order with what the tail tells.
  void ask_all_members();

  void on_polled_commit(const core::Commit& commit) override;

  void on_polled_group(const core::GroupState& group) override;

  void on_rows(const std::string& group, std::span<const OffsetRow> rows) override;

  // All that is told of groups now comes through the poller, which keeps it in order.
  bool tells_by_polling() const { return poller_->running() && counters_.times_synced > 0; }

  void on_stable_rows(const std::string& group, std::uint64_t number, std::span<const OffsetRow> rows) override;

  // The groups.

  void on_listed(std::int32_t broker, std::uint64_t round, std::span<const ListedGroup> listed) override {
    if (observer_ == nullptr) return;
    const bool starting = start_up_.phase() == StartUp::Phase::listing && round == start_up_.round();
    const auto as_of = starting ? as_of_ : positions();
    for (const ListedGroup& group : listed) {
      if (group.name.empty()) continue;
      const bool is_new = watch_.meet(group.name);
      if (group.commits()) poller_->meet(group.name, group.type);
      if (!starting && !is_new) continue;
      if (group.commits()) groups_->ask_seed(group.name, as_of, starting);
      groups_->ask_members(group.name, group.type, as_of, starting);
    }
    start_up_.on_listed(broker, round);
    check_start_up(inside::clock_now());
  }

  void on_seed(const core::Seed& seed) override;

  void on_asked_commit(const core::Commit& commit) override {
    if (observer_ != nullptr) observer_->on_commit(commit);
  }

  void on_group_state(const core::GroupState& group) override;

  void on_questions_answered() override {
    if (observer_ != nullptr) check_start_up(inside::clock_now());
  }

  void on_trouble(const std::string& what) override { spdlog::warn("{}", what); }

  void ask_changed() {
    const GroupWatch::Due due = watch_.tick([this] { return tail_->positions(); });
    if (poller_->running()) return;
    for (const auto& [group, type] : due.members) groups_->ask_members(group, type, due.as_of, false);
    for (const auto& [group, version] : due.offsets) groups_->ask_offsets(group, version);
  }

  // Time.

  void arm_timer() {
    timer_.expires_after(config_.gather);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || self == nullptr || self->observer_ == nullptr) return;
      self->tick(inside::clock_now());
      if (self->observer_ != nullptr) self->arm_timer();
    });
  }

  void tick(core::Time now) {
    check_health();
    if (observer_ == nullptr) return;
    ask_changed();
    groups_->name_late(config_.group_patience);
    check_access(now);
    check_start_up(now);
    if (observer_ == nullptr) return;
    if (offsets_partitions_ == 0 && !poller_->running() && now - last_look_ >= config_.missing_topic_refresh) {
      last_look_ = now;
      cluster_->refresh_soon();
    }
    if (start_up_.phase() == StartUp::Phase::synced && now - last_list_ >= list_interval()) {
      last_list_ = now;
      for (const auto& [broker, address] : cluster_->metadata()->brokers) groups_->list(broker, start_up_.round());
    }
  }

  core::Duration list_interval() const {
    return poller_->running() ? config_.polled_list_interval : config_.list_interval;
  }

  boost::asio::io_context& io_;
  KafkaConfig config_;
  std::vector<wire::Address> bootstrap_;
  log::Observer* observer_ = nullptr;  // null before start() and once stopped
  boost::asio::steady_timer timer_;
  std::unique_ptr<wire::Cluster> cluster_;
  std::unique_ptr<TailDriver> tail_;
  std::unique_ptr<GroupAsker> groups_;
  std::unique_ptr<Poller> poller_;
  std::unique_ptr<LogAccess> access_;
  std::unique_ptr<EndsAsker> ends_;
  std::unique_ptr<Looker> looker_;
  std::unique_ptr<Follower> follower_;
  std::unique_ptr<Inspector> inspector_;
  std::unique_ptr<ProduceDriver> producer_;
  std::vector<wire::Subscription> subscriptions_;
  StartUp start_up_;
  GroupWatch watch_;
  ShareState share_;
  core::TailPositions as_of_;  // of the round of the start-up
  std::vector<core::TopicState> topics_;
  bool topics_told_ = false;
  std::map<std::string, std::pair<Uuid, std::vector<std::int32_t>>> epochs_;  // of leaders, as last told
  Uuid offsets_id_;
  core::Partition offsets_partitions_ = 0;
  std::vector<log::Follow> follows_;
  bool synced_but_for_followed_ = false;
  bool in_trouble_ = false;
  bool said_slow_ = false;
  core::Time phase_since_{};
  core::Time last_look_{};
  core::Time last_list_{};
  core::Time last_access_check_{};
  std::vector<core::Partition> blind_;  // when polling began
  bool log_missing_ = true;       // from the list of topics
  bool absence_sure_ = false;     // asked for by its name, it was not there
  bool rows_seen_ = false;        // some group has committed
  log::Positions come_;
  bool trying_tail_ = false;      // polling, and on the way back to the tail
  bool tailing_again_ = false;    // the tail has begun again and is not synced yet
  KafkaCounters counters_;
};

}  // namespace tidemark::kafka
