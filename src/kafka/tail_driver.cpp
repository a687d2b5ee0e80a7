#include "kafka/tail_driver.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <utility>

#include "wire/cluster.h"
#include "wire/error_codes.h"

namespace tidemark::kafka {
namespace {

using FetchReply = wire::Reply<wire::msg::FetchResponse>;

constexpr auto kFirstPause = std::chrono::milliseconds(10);
constexpr int kMostDoublings = 6;
// Between two looks while a partition cannot be asked for.
constexpr auto kTick = std::chrono::milliseconds(50);
constexpr std::uint64_t kTicksPerRefresh = 5;
// A new partition's leader may take long to begin; until it does nobody can
// commit to it, so that much is no stall.
constexpr auto kFirstReadGrace = std::chrono::seconds(30);

core::Time clock_now() { return std::chrono::steady_clock::now(); }

void add(TailCounters& sum, const TailCounters& one) {
  sum.records += one.records;
  sum.commits += one.commits;
  sum.transactional += one.transactional;
  sum.aborted += one.aborted;
  sum.group_records += one.group_records;
  sum.unknown_records += one.unknown_records;
  sum.malformed_records += one.malformed_records;
  sum.unreadable_values += one.unreadable_values;
  sum.held_overflows += one.held_overflows;
  sum.fenced += one.fenced;
  sum.unreadable_batches += one.unreadable_batches;
}

}  // namespace

class TailDriver::Core : public std::enable_shared_from_this<TailDriver::Core> {
 public:
  Core(boost::asio::io_context& io, wire::Cluster& cluster, Options options, TailObserver& observer)
      : io_(io), cluster_(&cluster), options_(options), observer_(&observer), timer_(io) {}

  void start() {
    subscription_ = cluster_->on_metadata([weak = weak_from_this()](const wire::Metadata&) {
      if (const auto self = weak.lock()) self->pump_soon();
    });
  }

  void tail_from(core::Partition number, core::Offset offset) {
    if (cluster_ == nullptr || number < 0) return;
    while (partitions_.size() <= static_cast<std::size_t>(number)) {
      const auto next = static_cast<core::Partition>(partitions_.size());
      partitions_.emplace_back(CommitTail(next, 0, options_.limits));
    }
    Partition& partition = partitions_[static_cast<std::size_t>(number)];
    partition.tail.restart(offset);
    partition.reading = true;
    partition.high_watermark = offset;
    partition.last_read = clock_now() + kFirstReadGrace;
    pump_soon();
  }

  void halt() {
    for (Partition& partition : partitions_) partition.reading = false;
  }

  void stop() {
    cluster_ = nullptr;
    subscription_.reset();
    timer_.cancel();
  }

  std::vector<core::Offset> positions() const {
    std::vector<core::Offset> offsets;
    for (const Partition& partition : partitions_) offsets.push_back(partition.tail.position());
    return offsets;
  }

  std::optional<std::string> stalled(core::Duration bound) const {
    const core::Time now = clock_now();
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      const Partition& partition = partitions_[i];
      if (!partition.reading || now - partition.last_read < bound) continue;
      std::string why = "partition " + std::to_string(i) + " of the commit log cannot be read";
      if (!partition.last_error.empty()) why += ": " + partition.last_error;
      return why;
    }
    return std::nullopt;
  }

  std::vector<core::Partition> unread() const {
    std::vector<core::Partition> unread;
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      const Partition& partition = partitions_[i];
      if (partition.tail.blinded() || !partition.reading || partition.failures > 0)
        unread.push_back(static_cast<core::Partition>(i));
    }
    return unread;
  }

  TailDriverCounters counters() const {
    TailDriverCounters sum = counters_;
    for (const Partition& partition : partitions_) {
      add(sum.read, partition.tail.counters());
      sum.open_transactions += partition.tail.open_transactions();
      sum.held_records += partition.tail.held_records();
      sum.lag += std::max<core::Offset>(0, partition.high_watermark - partition.tail.position());
    }
    return sum;
  }

 private:
  struct Partition {
    explicit Partition(CommitTail made) : tail(std::move(made)) {}
    CommitTail tail;
    bool reading = false;
    bool blinded_said = false;
    core::Offset high_watermark = 0;
    core::Time last_read{};
    core::Time not_before{};
    int failures = 0;
    std::string last_error;
  };
  struct Broker {
    FetchSession session;
    FetchList wanted;       // of the fetch under way, or of the next
    bool under_way = false;
    bool awaiting = false;  // its connection
    core::Time not_before{};
    int failures = 0;
  };
  void pump_soon() {
    if (cluster_ == nullptr || std::exchange(pump_posted_, true)) return;
    boost::asio::post(io_, [self = shared_from_this()] {
      self->pump_posted_ = false;
      self->pump();
    });
  }

  void pump() {
    if (cluster_ == nullptr) return;
    const auto metadata = cluster_->metadata();
    const wire::TopicInfo* topic = metadata->find_topic(kOffsetsTopic);
    const core::Time now = clock_now();
    bool some_wait = false;
    for (auto& [id, broker] : brokers_)
      if (!broker.under_way) broker.wanted.clear();
    const std::size_t led = topic == nullptr ? 0 : topic->partitions.size();
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      const Partition& partition = partitions_[i];
      if (!partition.reading) continue;
      const std::int32_t leader = i < led ? topic->partitions[i].leader : -1;
      if (leader < 0 || partition.not_before > now) {
        some_wait = true;
        continue;
      }
      Broker& broker = broker_of(leader);
      if (broker.under_way) continue;
      broker.wanted.push_back(
          {static_cast<core::Partition>(i), {partition.tail.position(), topic->partitions[i].leader_epoch}});
    }
    for (auto& [id, broker] : brokers_)
      if (!broker.wanted.empty()) some_wait |= !fetch(id, broker, *topic, now);
    if (some_wait) arm_timer();
  }

  Broker& broker_of(std::int32_t id) {
    const auto known = brokers_.find(id);
    return known != brokers_.end() ? known->second : brokers_.emplace(id, Broker{FetchSession(options_.fetch), {}}).first->second;
  }

  // False when it has to be tried again though nothing else happens.
  bool fetch(std::int32_t id, Broker& broker, const wire::TopicInfo& topic, core::Time now) {
    if (broker.under_way || broker.awaiting) return true;
    if (broker.not_before > now) return false;
    const auto connection = cluster_->connection(id, wire::Purpose::tail);
    if (connection == nullptr) return false;
    if (!connection->ready()) {
      broker.session.reset();
      broker.awaiting = true;
      connection->when_ready(options_.fetch_timeout, [weak = weak_from_this(), id](Result<void>) {
        if (const auto self = weak.lock()) {
          self->brokers_.at(id).awaiting = false;
          self->pump_soon();
        }
      });
      return true;
    }
    broker.under_way = true;
    ++counters_.fetches;
    const auto request = broker.session.next(topic.name, topic.id, broker.wanted);
    const auto timeout = std::chrono::milliseconds(options_.fetch.max_wait_ms) + options_.fetch_timeout;
    connection->call(request, std::chrono::duration_cast<wire::Duration>(timeout),
                     [weak = weak_from_this(), id](FetchReply reply) {
                       if (const auto self = weak.lock()) self->on_reply(id, reply);
                     });
    return true;
  }

  void on_reply(std::int32_t id, FetchReply& reply) {
    if (cluster_ == nullptr) return;
    Broker& broker = brokers_.at(id);
    broker.under_way = false;
    if (!reply) {
      ++counters_.fetch_failures;
      broker.session.reset();
      return pause(broker, reply.error().message);
    }
    if (!broker.session.answered(*reply)) {
      ++counters_.sessions_refused;
      return pause(broker, std::string(wire::error_name(reply->error_code)));
    }
    broker.failures = 0;
    const core::Time now = clock_now();
    for (auto& topic : reply->responses) {
      for (auto& data : topic.partitions) {
        if (asked(broker, data.partition_index)) read(data, now);
        if (cluster_ == nullptr) return;
      }
    }
    // What a session leaves out has no news, and is as good as read.
    for (const auto& [number, from] : broker.wanted) {
      Partition& partition = partitions_[static_cast<std::size_t>(number)];
      if (partition.failures == 0) partition.last_read = now;
    }
    observer_->on_tailed();
    if (cluster_ != nullptr) pump();
  }

  static bool asked(const Broker& broker, core::Partition partition) {
    const auto at = std::lower_bound(broker.wanted.begin(), broker.wanted.end(), partition,
                                     [](const auto& entry, core::Partition number) { return entry.first < number; });
    return at != broker.wanted.end() && at->first == partition;
  }

  void read(const wire::msg::FetchResponse::PartitionData& data, core::Time now) {
    Partition& partition = partitions_[static_cast<std::size_t>(data.partition_index)];
    if (!partition.reading) return;
    if (data.error_code != 0) return on_error(partition, data, now);
    partition.high_watermark = data.high_watermark;
    const bool readable = partition.tail.read(data.records.value_or(std::string_view{}), *observer_);
    if (cluster_ == nullptr) return;
    if (partition.tail.blinded() && !std::exchange(partition.blinded_said, true)) {
      ++counters_.blinded_partitions;
      observer_->on_blinded(data.partition_index, partition.tail.blinded_why());
    }
    if (readable) {
      partition.failures = 0;
      partition.last_error.clear();
    } else {
      defer(partition, "the bytes are corrupt", now);
    }
  }

  void on_error(Partition& partition, const wire::msg::FetchResponse::PartitionData& data, core::Time now) {
    ++counters_.partition_errors;
    if (data.error_code == static_cast<std::int16_t>(wire::ErrorCode::offset_out_of_range)) {
      ++counters_.positions_gone;
      partition.reading = false;
      return observer_->on_position_gone(data.partition_index, partition.tail.position());
    }
    defer(partition, std::string(wire::error_name(data.error_code)), now);
    cluster_->refresh_soon();
    if (data.error_code == static_cast<std::int16_t>(wire::ErrorCode::topic_authorization_failed))
      observer_->on_denied();
  }

  // Leaves the partition out for a while, longer each time.
  void defer(Partition& partition, std::string why, core::Time now) {
    partition.not_before = now + kFirstPause * (1 << std::min(partition.failures++, kMostDoublings));
    partition.last_error = std::move(why);
  }

  void pause(Broker& broker, const std::string& why) {
    const core::Time now = clock_now();
    broker.not_before = now + kFirstPause * (1 << std::min(broker.failures++, kMostDoublings));
    for (const auto& [number, from] : broker.wanted) partitions_[static_cast<std::size_t>(number)].last_error = why;
    cluster_->refresh_soon();
    pump_soon();
  }

  void arm_timer() {
    if (std::exchange(timer_armed_, true)) return;
    timer_.expires_after(kTick);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || self == nullptr || self->cluster_ == nullptr) return;
      self->timer_armed_ = false;
      if (++self->ticks_ % kTicksPerRefresh == 0) self->cluster_->refresh_soon();
      self->pump();
    });
  }

  boost::asio::io_context& io_;
  wire::Cluster* cluster_;  // null once stopped
  Options options_;
  TailObserver* observer_;
  boost::asio::steady_timer timer_;
  wire::Subscription subscription_;
  std::deque<Partition> partitions_;  // stay where they are when the observer adds one
  std::map<std::int32_t, Broker> brokers_;
  TailDriverCounters counters_;
  bool pump_posted_ = false;
  bool timer_armed_ = false;
  std::uint64_t ticks_ = 0;
};

TailDriver::TailDriver(boost::asio::io_context& io, wire::Cluster& cluster, Options options, TailObserver& observer)
    : core_(std::make_shared<Core>(io, cluster, options, observer)) {
  core_->start();
}

TailDriver::~TailDriver() { stop(); }

void TailDriver::tail_from(core::Partition partition, core::Offset offset) { core_->tail_from(partition, offset); }
void TailDriver::halt() { core_->halt(); }
void TailDriver::stop() { core_->stop(); }
std::vector<core::Offset> TailDriver::positions() const { return core_->positions(); }
std::optional<std::string> TailDriver::stalled(core::Duration bound) const { return core_->stalled(bound); }
std::vector<core::Partition> TailDriver::unread() const { return core_->unread(); }
TailDriverCounters TailDriver::counters() const { return core_->counters(); }

}  // namespace tidemark::kafka
