#include "core/promptness.h"

#include <algorithm>

#include "core/plant.h"

namespace tidemark::core {

void Promptness::committed(Time now, Duration delay) {
  if (count_ > 0 && now - latest(0).at < Cadence::kBurst) {
    Round& same = rounds_[(count_ - 1) % kRounds];
    same.delay = std::max(same.delay, delay);
  } else {
    rounds_[count_ % kRounds] = {now, delay};
    ++count_;
  }
  follows_ = judge();
}

bool Promptness::judge() const {
  const std::size_t known = std::min(count_, kRounds);
  if (known < kEnough) return false;
  const auto late = [&](std::size_t ago) { return latest(ago).delay > kPrompt; };
  std::size_t lates = 0;
  for (std::size_t ago = 0; ago < known; ++ago) lates += late(ago);
  if (lates * kOneLateIn > known) return false;
  if (planted(Bug::prompt_clears_timer)) return true;
  std::size_t strays = 0;
  for (std::size_t ago = 0; ago + 2 < known; ++ago) {
    if (late(ago) || late(ago + 1) || late(ago + 2)) continue;
    const Duration gap = latest(ago).at - latest(ago + 1).at;
    const Duration before = latest(ago + 1).at - latest(ago + 2).at;
    const Duration apart = gap > before ? gap - before : before - gap;
    if (apart < kStraysFrom || apart > kStraysTo) continue;
    ++strays;
    ago += 2;
  }
  return strays >= kStrays;
}

}  // namespace tidemark::core
