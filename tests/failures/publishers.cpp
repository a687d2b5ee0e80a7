// See publishers.h.
#include "publishers.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace tidemark::test {
namespace {

constexpr std::int64_t kAskWait = 3'000;

bool told(const Said& said) {
  if (said.status == 0 || said.status == 503 || said.appended == "unknown") return false;
  return said.status != 202 || said.settled;
}

}  // namespace

Publishers::Publishers(const Options& options, const Ports& ports, Recorder& recorder)
    : options_(options), ports_(ports), recorder_(recorder) {
  for (int gateway = 0; gateway < kGateways; ++gateway) {
    for (int p = 0; p < options.publishers; ++p)
      threads_.emplace_back([this, gateway, p] {
        publish(gateway, options_.seed * 1'000 + static_cast<std::uint64_t>(gateway * 100 + p));
      });
    for (int a = 0; a < options.askers; ++a) threads_.emplace_back([this, gateway] { ask(gateway); });
  }
}

Publishers::~Publishers() { stop(); }

void Publishers::pause() {
  std::unique_lock lock(mutex_);
  paused_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return busy_ == 0; });
}

void Publishers::hush() {
  pause();
  std::unique_lock lock(mutex_);
  hushed_ = true;
  changed_.wait(lock, [this] { return asking_ == 0; });
}

void Publishers::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  hushed_ = false;
  changed_.notify_all();
}

void Publishers::ask_again() {
  const std::lock_guard lock(mutex_);
  for (int gateway = 0; gateway < kGateways; ++gateway) {
    auto& later = later_[static_cast<std::size_t>(gateway)];
    auto& to_ask = to_ask_[static_cast<std::size_t>(gateway)];
    to_ask.insert(to_ask.end(), later.begin(), later.end());
    later.clear();
  }
  changed_.notify_all();
}

std::size_t Publishers::unsettled() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = static_cast<std::size_t>(asking_);
  for (const auto& marks : to_ask_) count += marks.size();
  for (const auto& marks : later_)
    count += static_cast<std::size_t>(std::count_if(marks.begin(), marks.end(), [](const Mark& mark) { return !mark.unknown; }));
  return count;
}

void Publishers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::string Publishers::next_value() { return "event " + std::to_string(++next_); }

Said Publishers::publish_now(int gateway, const std::string& parameters, std::int64_t wait) {
  Caller caller(gateway, ports_[static_cast<std::size_t>(gateway)], options_.redis, recorder_);
  Event event;
  event.value = next_value();
  event.publish = caller.publish(options_.topic, parameters, event.value, wait);
  return record(gateway, std::move(event));
}

Said Publishers::record(int gateway, Event event) {
  const Said said = event.publish.said;
  const std::size_t number = recorder_.add(std::move(event));
  if (said.status == 0 || said.mark.empty() || said.status == 200) return said;
  const std::lock_guard lock(mutex_);
  to_ask_[static_cast<std::size_t>((gateway + 1) % kGateways)].push_back({number, said.mark, said.appended == "unknown"});
  changed_.notify_all();
  return said;
}

void Publishers::publish(int gateway, std::uint64_t seed) {
  using Clock = std::chrono::steady_clock;
  std::mt19937_64 random(seed);
  Caller caller(gateway, ports_[static_cast<std::size_t>(gateway)], options_.redis, recorder_);
  const std::chrono::milliseconds pace(options_.pace_ms);
  Clock::time_point next = Clock::now() + std::chrono::milliseconds(random() % static_cast<std::uint64_t>(options_.pace_ms));
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, next, [this] { return stopped_; });
      changed_.wait(lock, [this] { return stopped_ || !paused_; });
      if (stopped_) return;
      ++busy_;
    }
    static constexpr std::array<std::int64_t, 8> kWaits{0, 250, 1'000, 1'000, 2'000, 2'000, 3'000, 3'000};
    Event event;
    event.value = next_value();
    event.publish = caller.publish(options_.topic, "key=k" + std::to_string(random() % 1'000), event.value,
                                   kWaits[random() % kWaits.size()]);
    record(gateway, std::move(event));
    {
      const std::lock_guard lock(mutex_);
      --busy_;
      changed_.notify_all();
    }
    next = std::max(next + pace, Clock::now());
  }
}

void Publishers::ask(int gateway) {
  Caller caller(gateway, ports_[static_cast<std::size_t>(gateway)], options_.redis, recorder_);
  auto& to_ask = to_ask_[static_cast<std::size_t>(gateway)];
  while (true) {
    Mark mark;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || (!hushed_ && !to_ask.empty()); });
      if (stopped_) return;
      mark = std::move(to_ask.front());
      to_ask.pop_front();
      ++asking_;
    }
    Call question = caller.ask(mark.text, kAskWait);
    const bool done = told(question.said);
    if (question.said.appended == "true") mark.unknown = false;
    recorder_.ask(mark.event, std::move(question));
    const std::lock_guard lock(mutex_);
    --asking_;
    if (!done) later_[static_cast<std::size_t>(gateway)].push_back(std::move(mark));
    changed_.notify_all();
  }
}

}  // namespace tidemark::test
