// The state behind Cluster, which handlers of the reactor keep alive, and which
// calls what is owed one at a time for the same reason as Connection::Core.
//
// A refresh: idle ──▶ connecting (the link is not ready) ──▶ asking ──▶ idle. The
// link is a connection to one server; when it fails in any way it is dropped,
// and the next server of the round is tried: the known brokers from a random
// one on, then the bootstrap servers. A round in which all failed means that the
// cluster is unreachable, and the next begins after the backoff.
#pragma once

#include <boost/asio/io_context.hpp>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "wire/client_alarm.h"
#include "wire/cluster.h"

namespace tidemark::wire {

namespace msg {
struct MetadataResponse;
}

class Cluster::Core : public std::enable_shared_from_this<Cluster::Core> {
 public:
  Core(boost::asio::io_context& io, ClusterOptions options, Random random);

  void start();
  void stop();
  void on_alarm();
  void refresh_soon();
  void refresh(Duration timeout, UniqueFunction<void(Result<void>)> done);
  std::shared_ptr<Connection> connection(std::int32_t broker_id, Purpose purpose);
  std::shared_ptr<Connection> any_connection(Purpose purpose);

  std::shared_ptr<const Metadata> metadata() const { return metadata_; }
  const Reachability& reachability() const { return reachability_; }
  Subscription on_metadata(std::function<void(const Metadata&)> observer);
  Subscription on_reachability(std::function<void(const Reachability&)> observer);

 private:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  enum class State : std::uint8_t { idle, connecting, asking, stopped };

  struct Broker {
    Address address;
    std::array<std::shared_ptr<Connection>, kPurposes> connections;
  };
  struct Waiter {
    Time deadline;
    std::uint64_t request = 0;  // the first request whose answer will do
    UniqueFunction<void(Result<void>)> done;
  };
  template <class Value>
  using Observers = std::vector<std::weak_ptr<std::function<void(const Value&)>>>;

  void begin_refresh(Time now);
  void refresh_after(Duration spacing);
  void open_link();
  void ask(std::uint64_t attempt);
  void on_answer(const msg::MetadataResponse& response);
  void link_failed(const Error& error);
  void link_lost(const Error& error);
  void drop_link();
  Address next_server();
  void schedule(Time at);
  void arm_earliest();

  void update_brokers();
  void bury(Broker& broker);
  void stop_buried();
  void set_reachable(bool reachable, const std::string& reason);
  void complete_waiters(std::uint64_t answered);
  void expire_waiters(Time now);
  void refuse(const Error& error, UniqueFunction<void(Result<void>)> done);
  template <class Value>
  void notify(Observers<Value>& observers, const Value& value);

  boost::asio::io_context& io_;
  const ClusterOptions options_;
  const Random random_;
  Backoff backoff_;

  State state_ = State::idle;
  std::shared_ptr<const Metadata> metadata_ = std::make_shared<const Metadata>();
  std::map<std::int32_t, Broker> brokers_;
  std::size_t next_any_ = 0;
  std::deque<std::shared_ptr<Connection>> buried_;  // to be stopped

  std::shared_ptr<Connection> link_;
  std::uint64_t attempt_ = 0;     // of the link; a handler of an earlier one does nothing
  std::deque<Address> round_;     // servers not tried since metadata last came
  std::uint64_t requests_ = 0;    // metadata requests sent
  Time last_sent_{};
  Duration spacing_;              // before the next request that somebody waits for
  Time not_before_{};             // backoff
  Time first_failure_{};          // since metadata last came; zero: none

  Reachability reachability_;
  Observers<Metadata> metadata_observers_;
  Observers<Reachability> reachability_observers_;

  std::deque<Waiter> waiters_;
  std::deque<std::pair<Error, UniqueFunction<void(Result<void>)>>> refused_;
  std::size_t refused_before_stop_ = 0;
  void drain_one_refused();

  Alarm alarm_;
  Time refresh_at_ = Time::max();
  Time waiter_deadline_ = Time::max();
};

}  // namespace tidemark::wire
