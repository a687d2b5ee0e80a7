// Joins HTTP, the engine and the log on one reactor.
//
// Each of the three is blind to the others: HTTP knows calls and answers, the
// log records and commits, the engine neither sockets nor clocks. This class is
// the plain call between them. It decides nothing: it gives the engine the time
// and carries out its effects.
//
// Threading: one reactor; everything is called there. Effects are carried out
// by the outermost call only, so an answer that leads to the next request of
// the same connection does not nest.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/engine.h"
#include "gateway/ack_desk.h"
#include "gateway/ids.h"
#include "gateway/metrics.h"
#include "gateway/settings.h"
#include "gateway/topology_news.h"
#include "http/api.h"
#include "log/log.h"

namespace tidemark::gateway {

class Gateway final : public http::Api, public log::Observer {
 public:
  // `io`, `settings` and `log` must outlive the gateway.
  Gateway(boost::asio::io_context& io, const Settings& settings, log::Log& log);
  ~Gateway() override;

  // Begins to follow the log; `replies` gets the answers and must outlive the gateway.
  void start(http::Replies& replies);

  // Refuses new requests; those held are answered by `drain_time` at the
  // latest. `drained` is called once, when none is left.
  void drain(std::function<void()> drained);

  // More lines for metrics(), from parts that this class does not know.
  void add_metrics(MetricsSource source) { metric_sources_.push_back(std::move(source)); }

  // http::Api
  void publish(http::ExchangeId exchange, http::PublishCall call) override;
  void resume(http::ExchangeId exchange, http::MarkCall call) override;
  void barrier(http::ExchangeId exchange, http::WaitsCall call) override;
  void ack(http::ExchangeId exchange, http::AckCall call) override;
  void inspect(std::function<void(std::string json)> done) override;
  void gone(http::ExchangeId exchange) override;
  std::vector<core::TopicView> topics() override;
  std::vector<core::ConsumerView> consumers() override;
  std::vector<core::EdgeView> topology() override;
  http::Health health() override;
  std::string metrics() override;

  // log::Observer
  void on_delivered(log::AppendId id, const core::Delivery& delivery) override;
  void on_commit(const core::Commit& commit) override;
  void on_seed(const core::Seed& seed) override;
  void on_rows(const core::Rows& rows) override;
  void on_group(const core::GroupState& group) override;
  void on_group_changed(const core::GroupChange& change) override;
  void on_topics(std::span<const core::TopicState> topics) override;
  void on_ends(const core::Ends& ends) override;
  void on_share(const core::ShareProgress& progress) override;
  void on_sight(const core::Sight& sight) override;
  void on_followed(const log::FollowedRecord& record) override;
  void open_groups(std::vector<log::OpenGroup>& groups) override;
  void on_synced() override;
  void on_lost(const std::string& why) override;

 private:
  void admit(http::ExchangeId exchange, http::PublishCall call, bool looked_anew);
  void admit(http::ExchangeId exchange, http::MarkCall call, bool looked_anew);
  void admit(http::ExchangeId exchange, http::WaitsCall call, bool looked_anew);
  // Calls `again` when the list of topics was read anew, at the latest in `left`.
  void look_anew(http::ExchangeId exchange, core::Duration left, std::function<void()> again);
  template <class Call>
  void look_and_admit(http::ExchangeId exchange, core::Duration left, Call call);
  // Whom to answer when the wait ends.
  void hold(http::ExchangeId exchange, core::WaitId wait);
  std::optional<http::ExchangeId> release(core::WaitId wait);
  void carry_out();
  // Those that are due, in turns with whatever else there is.
  void answer_soon();
  void answer(const core::Answer& answer);
  void arm();
  core::Time deadline_of(core::Time received, const std::optional<core::Duration>& wait) const;

  const Settings& settings_;
  log::Log& log_;
  http::Replies* replies_ = nullptr;  // from start() on
  core::Engine engine_;
  AckDesk acks_;
  std::uint64_t acks_garbled_ = 0;
  TopologyNews topology_news_;
  IdSource ids_;
  Latencies latencies_;
  std::vector<MetricsSource> metric_sources_;

  // Exactly the exchanges that have an open wait, both ways.
  std::unordered_map<std::uint64_t, http::ExchangeId> exchange_of_wait_;
  std::unordered_map<http::ExchangeId, core::WaitId> wait_of_exchange_;

  // Those that may be about what was made since the list of topics was last read.
  std::unordered_map<http::ExchangeId, std::function<void()>> looking_;

  core::Effects effects_;  // being filled
  core::Effects doing_;    // being carried out
  bool carrying_out_ = false;
  std::deque<core::Answer> answers_;  // due, oldest first
  bool answers_posted_ = false;

  boost::asio::steady_timer timer_;
  std::optional<core::Time> armed_for_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::string lost_why_;
  std::function<void()> drained_;
};

}  // namespace tidemark::gateway
