// Everybody who calls the gateways while the faults go on: publishers, on a schedule of
// their own and with waits held open, and those who ask about each mark at the other gateway.
//
// A publish that was not settled is no violation; a mark that never tells is. So each 202
// and each unknown is asked about, again after each healing, until it is settled.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "caller.h"

namespace tidemark::test {

inline constexpr int kGateways = 2;
using Ports = std::array<Port, kGateways>;

class Publishers {
 public:
  struct Options {
    std::string topic;
    std::string redis;
    std::uint64_t seed = 0;
    int publishers = 8;          // for each gateway
    int askers = 4;              // for each gateway
    std::int64_t pace_ms = 400;  // between two publishes of one, where answers allow
  };

  Publishers(const Options& options, const Ports& ports, Recorder& recorder);
  // As stop().
  ~Publishers();
  Publishers(const Publishers&) = delete;
  Publishers& operator=(const Publishers&) = delete;

  // pause() returns when no publish is under way; marks are still asked about. hush(): nor is any question.
  void pause();
  void hush();
  void resume();
  // Marks that are not settled are to be asked about again.
  void ask_again();
  std::size_t unsettled() const;
  // No marks are asked about any more; publishing has been paused.
  void stop();

  // A publish by the run itself; recorded and followed as all others.
  Said publish_now(int gateway, const std::string& parameters, std::int64_t wait);

 private:
  struct Mark {
    std::size_t event = 0;
    std::string text;
    bool unknown = false;
  };

  void publish(int gateway, std::uint64_t seed);
  void ask(int gateway);
  Said record(int gateway, Event event);
  std::string next_value();

  const Options options_;
  const Ports& ports_;
  Recorder& recorder_;
  std::atomic<std::uint64_t> next_{0};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool paused_ = false;
  bool hushed_ = false;
  bool stopped_ = false;
  int busy_ = 0;  // publishers at work
  std::array<std::deque<Mark>, kGateways> to_ask_;  // by the gateway to ask
  std::array<std::deque<Mark>, kGateways> later_;
  int asking_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace tidemark::test
