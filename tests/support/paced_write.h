// One direction of a proxied connection, over a line that may be bad.
//
// A slow line is no sleep before a write: its bytes come in pieces, and what is cut
// meanwhile was half delivered. A half-open one takes bytes and delivers none, and
// nobody is told. So the state is asked before each piece.
//
// Threading: the proxy's reactor. The owner is kept alive while a write is under way.
#pragma once

#include <algorithm>
#include <boost/asio.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace tidemark::test {

// How the line is, for all connections of a proxy.
struct Line {
  bool frozen = false;                 // nothing passes, and no connection ends
  std::chrono::milliseconds delay{0};  // before what was read at once is passed on
  std::size_t bytes_per_second = 0;    // 0: as fast as it goes
};

class PacedWrite {
 public:
  using Done = std::function<void(boost::system::error_code)>;

  PacedWrite(const Line& line, boost::asio::ip::tcp::socket& to) : line_(line), to_(to), timer_(to.get_executor()) {}

  // `bytes` must stay until `done` was called or cancel(); one write at a time.
  void start(const std::string& bytes, std::shared_ptr<void> owner, Done done) {
    bytes_ = &bytes;
    sent_ = 0;
    owner_ = std::move(owner);
    done_ = std::move(done);
    if (line_.delay.count() > 0 && !bytes.empty()) {
      wait(line_.delay);
    } else {
      next();
    }
  }

  // Goes on, if the line was frozen and is no more.
  void thaw() {
    if (std::exchange(parked_, false)) next();
  }

  // `done` is not called any more.
  void cancel() {
    timer_.cancel();
    parked_ = false;
    done_ = nullptr;
    owner_.reset();
  }

 private:
  static constexpr std::chrono::milliseconds kPieceTime{50};

  void wait(std::chrono::milliseconds time) {
    timer_.expires_after(time);
    timer_.async_wait([this, owner = owner_](boost::system::error_code error) {
      if (!error && done_) next();
    });
  }

  void next() {
    if (line_.frozen) {
      parked_ = true;
      return;
    }
    std::size_t piece = bytes_->size() - sent_;
    if (line_.bytes_per_second > 0) {
      const auto pieces_per_second = static_cast<std::size_t>(std::chrono::seconds(1) / kPieceTime);
      piece = std::min(piece, std::max<std::size_t>(1, line_.bytes_per_second / pieces_per_second));
    }
    boost::asio::async_write(to_, boost::asio::buffer(bytes_->data() + sent_, piece),
                             [this, owner = owner_](boost::system::error_code error, std::size_t count) {
                               if (!done_) return;
                               sent_ += count;
                               if (error || sent_ == bytes_->size()) return finish(error);
                               wait(kPieceTime);
                             });
  }

  void finish(boost::system::error_code error) {
    const std::shared_ptr<void> owner = std::move(owner_);
    std::exchange(done_, nullptr)(error);
  }

  const Line& line_;
  boost::asio::ip::tcp::socket& to_;
  boost::asio::steady_timer timer_;
  const std::string* bytes_ = nullptr;
  std::size_t sent_ = 0;
  std::shared_ptr<void> owner_;
  Done done_;
  bool parked_ = false;
};

}  // namespace tidemark::test
