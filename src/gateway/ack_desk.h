// Takes acks over HTTP and puts them into the topic that every gateway reads.
//
// Telling only the engine of this gateway would leave the others, and this one
// after a restart, without the ack. So it is appended first, takes effect when
// it is read back, as one that a consumer wrote there itself, and the caller is
// answered once it is in the log. An ack for a record that this gateway does
// not know to exist is not refused before the partition's end was asked for:
// who read it before us is right.
//
// Threading: one reactor.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/engine.h"
#include "gateway/ack_record.h"
#include "http/api.h"
#include "log/log.h"

namespace tidemark::gateway {

class AckDesk {
 public:
  static constexpr std::size_t kMaxOpen = 10'000;
  // Names of its appends, apart from those of publishes.
  static constexpr log::AppendId kFirstId = log::AppendId{1} << 63;

  // All must outlive the desk. `bound`: from the request's last byte to the answer.
  AckDesk(boost::asio::io_context& io, core::Engine& engine, log::Log& log, core::Duration bound);

  // `moved` is called after what happens by itself, when less may be open.
  void start(http::Replies& replies, std::function<void()> moved) {
    replies_ = &replies;
    moved_ = std::move(moved);
  }
  void take(http::ExchangeId exchange, http::AckCall call);
  void gone(http::ExchangeId exchange);
  bool empty() const { return open_.empty(); }

  static bool is_ours(log::AppendId id) { return id >= kFirstId; }
  void delivered(log::AppendId id, const core::Delivery& delivery);
  // The end of a partition was told.
  void ends(std::string_view topic, core::Partition partition);

 private:
  struct Open {
    http::AckCall call;
    log::AppendId append = 0;  // 0 while its end is asked for
    int asked = 0;
    bool looked_anew = false;
  };
  void try_now(http::ExchangeId exchange);
  void look_anew(http::ExchangeId exchange, Open& open);
  void append(http::ExchangeId exchange, Open& open);
  void refuse(http::ExchangeId exchange, const core::Refusal& refusal);
  void close(http::ExchangeId exchange);
  void arm();
  void overdue();

  core::Engine& engine_;
  log::Log& log_;
  const core::Duration bound_;
  http::Replies* replies_ = nullptr;
  std::function<void()> moved_;
  log::AppendId next_ = kFirstId;
  std::unordered_map<http::ExchangeId, Open> open_;
  std::unordered_map<log::AppendId, http::ExchangeId> appends_;
  std::multimap<std::pair<std::string, core::Partition>, http::ExchangeId> asking_;
  std::multimap<core::Time, http::ExchangeId> deadlines_;
  boost::asio::steady_timer timer_;
  std::optional<core::Time> armed_for_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tidemark::gateway
