#include "core/wait_table.h"

namespace tidemark::core {

std::uint32_t WaitTable::open(Time deadline) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(waits_.size());
    waits_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  waits_[slot].deadline = deadline;
  deadlines_.emplace(deadline, slot);
  ++size_;
  return slot;
}

void WaitTable::close(std::uint32_t slot) {
  forget_deadline(slot);
  Wait& wait = waits_[slot];
  const std::uint32_t generation = wait.generation + 1;
  // Keep the vectors' memory for the slot's next wait, unless it grew large.
  std::vector<WaitTerm> terms = std::move(wait.terms);
  std::vector<Need> needs = std::move(wait.needs);
  wait = Wait{};
  wait.generation = generation;
  terms.clear();
  needs.clear();
  if (terms.capacity() <= 4) wait.terms = std::move(terms);
  if (needs.capacity() <= 8) wait.needs = std::move(needs);
  free_.push_back(slot);
  --size_;
}

void WaitTable::forget_deadline(std::uint32_t slot) { deadlines_.erase({waits_[slot].deadline, slot}); }

void WaitTable::hasten(std::uint32_t slot, Time deadline) {
  Wait& wait = waits_[slot];
  if (wait.state == Wait::State::free || wait.deadline <= deadline) return;
  if (deadlines_.erase({wait.deadline, slot}) > 0) deadlines_.emplace(deadline, slot);
  wait.deadline = deadline;
}

Wait* WaitTable::find(WaitId id) {
  if (id.slot >= waits_.size()) return nullptr;
  Wait& wait = waits_[id.slot];
  return wait.state != Wait::State::free && wait.generation == id.generation ? &wait : nullptr;
}

}  // namespace tidemark::core
