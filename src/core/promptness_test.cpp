#include "core/promptness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>

namespace tidemark::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart = Time{} + seconds(1000);

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  Duration up_to(Duration most) { return Duration(std::uniform_int_distribution<std::int64_t>(0, most.count())(engine_)); }
  int among(int count) { return std::uniform_int_distribution<int>(0, count - 1)(engine_); }

 private:
  std::mt19937_64 engine_;
};

// Commits each event `work` after it came, the events `pace` apart, each gap up to `jitter` more or less.
Promptness by_hand(Duration pace, Duration jitter, Duration work, int events = 60) {
  Promptness promptness;
  Dice dice(7);
  Time event = kStart;
  for (int i = 0; i < events; ++i) {
    const Duration took = work + dice.up_to(milliseconds(3));
    promptness.committed(event + took, took);
    event += pace - jitter + dice.up_to(2 * jitter);
  }
  return promptness;
}

TEST(Promptness, CommitsByHandFollowAnUnevenPace) {
  for (const Duration pace : {milliseconds(500), milliseconds(1000), milliseconds(5000)})
    EXPECT_TRUE(by_hand(pace, pace * 3 / 10, milliseconds(8)).follows_events()) << pace.count();
  EXPECT_TRUE(by_hand(seconds(1), milliseconds(100), milliseconds(8)).follows_events());
}

TEST(Promptness, AnExactPaceStaysInDoubt) {
  for (const Duration pace : {milliseconds(500), milliseconds(1000), milliseconds(5000)})
    EXPECT_FALSE(by_hand(pace, milliseconds(2), milliseconds(8)).follows_events()) << pace.count();
}

TEST(Promptness, LongWorkStaysInDoubt) {
  EXPECT_FALSE(by_hand(seconds(1), milliseconds(300), milliseconds(60)).follows_events());
}

TEST(Promptness, AFewRoundsAreNotEnough) {
  EXPECT_FALSE(by_hand(milliseconds(700), milliseconds(280), milliseconds(5), 11).follows_events());
  EXPECT_TRUE(by_hand(milliseconds(700), milliseconds(280), milliseconds(5), 24).follows_events());
}

TEST(Promptness, LateCommitsEndIt) {
  Promptness promptness = by_hand(milliseconds(700), milliseconds(280), milliseconds(5));
  Time now = kStart + seconds(100);
  for (int late = 0; late < 4; ++late) promptness.committed(now += milliseconds(600), milliseconds(300));
  EXPECT_TRUE(promptness.follows_events()) << "four of the last 32";
  promptness.committed(now += milliseconds(600), milliseconds(300));
  EXPECT_FALSE(promptness.follows_events());
}

TEST(Promptness, APauseOfTheWholeMachineIsNotEnough) {
  // In step with a timer, 20 ms before its tick; twice publisher and tick are held up together.
  Promptness promptness;
  for (int tick = 0; tick < 24; ++tick) {
    const bool paused = tick == 8 || tick == 16;
    promptness.committed(kStart + seconds(tick) + milliseconds(paused ? 150 : 0), milliseconds(20));
  }
  EXPECT_FALSE(promptness.follows_events());
}

// A timer, and somebody who publishes: when is the next event, by the last one and the last commit?
struct TimerRun {
  Duration interval{};
  bool keeps_grid = false;  // else an interval after its last tick
  Duration lateness{};      // of a tick, at most, by what has nothing to do with events
  Duration blocked{};       // a tick waits for an event that came so long ago, or less
  std::function<Time(Time event, Time commit)> next;
};

struct Seen {
  int prompt = 0;
  int commits = 0;
  bool followed = false;
};

Seen run(const TimerRun& timer, Dice& dice) {
  Promptness promptness;
  Seen seen;
  Time due = kStart + timer.interval;
  Time event = timer.next(kStart, kStart);
  for (int ticks = 0; ticks < 300; ++ticks) {
    Time tick = due + dice.up_to(timer.lateness);
    if (event <= tick) {
      const Time first = event;
      Time last = event;
      for (; event <= tick; event = std::max(timer.next(event, Time{}), event + milliseconds(1))) last = event;
      if (tick - last < timer.blocked) tick = last + timer.blocked;
      promptness.committed(tick, tick - first);
      ++seen.commits;
      seen.prompt += tick - first <= Promptness::kPrompt;
      seen.followed = seen.followed || promptness.follows_events();
      event = timer.next(last, tick);
    }
    due = (timer.keeps_grid ? due : tick) + timer.interval;
    while (due <= tick) due += timer.interval;
  }
  return seen;
}

constexpr int kPublishers = 5;

std::function<Time(Time, Time)> publisher(int kind, Duration interval, Dice& dice) {
  const Duration phase = dice.up_to(interval / 4);
  const Duration noise = std::array<Duration, 3>{milliseconds(1), milliseconds(15), milliseconds(100)}[static_cast<std::size_t>(dice.among(3))];
  switch (kind) {
    case 0: {  // at random
      const Duration most = interval / 4 * (1 + dice.among(16));
      return [most, &dice](Time event, Time) { return event + dice.up_to(most); };
    }
    case 1: {  // at a fraction or multiple of the timer's interval, with some drift
      const Duration period = interval * (1 + dice.among(4)) / (1 + dice.among(4)) + dice.up_to(milliseconds(2)) - milliseconds(1);
      return [period, noise, &dice](Time event, Time) { return event + period + dice.up_to(noise); };
    }
    case 2: {  // in step with the grid, at random ticks of it, before or after them
      return [interval, phase, noise, &dice](Time event, Time) {
        const auto tick = (event - kStart + interval / 2) / interval + 1 + dice.among(3);
        return kStart + tick * interval - phase / 8 + dice.up_to(noise);
      };
    }
    case 3: {  // after the last answer, by about the interval or a multiple
      return [interval, phase, noise, &dice](Time event, Time commit) {
        if (commit == Time{}) return event + interval * 100;
        return commit + interval * (1 + dice.among(2)) - phase / 8 - dice.up_to(noise);
      };
    }
    default: {  // after the last answer, at random
      return [interval, &dice](Time event, Time commit) {
        return commit == Time{} ? event + interval * 100 : commit + dice.up_to(2 * interval);
      };
    }
  }
}

TEST(Promptness, NoTimerFollowsEvents) {
  int in_step = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Dice dice(seed);
    TimerRun timer;
    timer.interval = std::array<Duration, 4>{milliseconds(400), milliseconds(500), seconds(1), seconds(5)}[static_cast<std::size_t>(dice.among(4))];
    timer.keeps_grid = dice.among(2) == 0;
    timer.lateness = std::array<Duration, 4>{milliseconds(1), milliseconds(10), milliseconds(40), milliseconds(150)}[static_cast<std::size_t>(dice.among(4))];
    if (dice.among(3) == 0) timer.blocked = dice.up_to(milliseconds(200));
    const int kind = dice.among(kPublishers);
    timer.next = publisher(kind, timer.interval, dice);
    const Seen seen = run(timer, dice);
    in_step += seen.commits >= 24 && seen.prompt == seen.commits;
    ASSERT_FALSE(seen.followed) << "seed " << seed << ", publisher " << kind << ", interval " << timer.interval.count();
  }
  EXPECT_GT(in_step, 100) << "those that promptness alone would clear";
}

}  // namespace
}  // namespace tidemark::core
