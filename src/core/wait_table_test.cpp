#include "core/wait_table.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace tidemark::core {
namespace {

using std::chrono::seconds;

Time at(int s) { return Time{} + seconds(s); }

std::uint32_t open_waiting(WaitTable& table, Time deadline) {
  const std::uint32_t slot = table.open(deadline);
  table[slot].state = Wait::State::waiting;
  return slot;
}

// P4: a late delivery or cancel for a freed wait must not reach its successor.
TEST(WaitTable, AnIdOfAFreedWaitFindsNothing) {
  WaitTable table;
  const std::uint32_t first = open_waiting(table, at(1));
  const WaitId old = table.id_of(first);
  EXPECT_EQ(table.find(old), &table[first]);
  table.close(first);
  EXPECT_EQ(table.find(old), nullptr);
  const std::uint32_t second = open_waiting(table, at(2));
  EXPECT_EQ(second, first) << "slots are reused";
  EXPECT_EQ(table.find(old), nullptr);
  EXPECT_NE(table.find(table.id_of(second)), nullptr);
  EXPECT_EQ(table.find(WaitId{99, 1}), nullptr);
}

TEST(WaitTable, AReusedSlotStartsClean) {
  WaitTable table;
  const std::uint32_t slot = open_waiting(table, at(1));
  table[slot].terms.resize(3);
  table[slot].needs.resize(100);
  table[slot].open = 100;
  table[slot].cut_by_drain = true;
  table.close(slot);
  ASSERT_EQ(table.open(at(2)), slot);
  EXPECT_TRUE(table[slot].terms.empty());
  EXPECT_TRUE(table[slot].needs.empty());
  EXPECT_EQ(table[slot].open, 0U);
  EXPECT_FALSE(table[slot].cut_by_drain);
  EXPECT_EQ(table[slot].deadline, at(2));
}

TEST(WaitTable, HastenOnlyBringsForward) {
  WaitTable table;
  const std::uint32_t slot = open_waiting(table, at(10));
  table.hasten(slot, at(20));
  EXPECT_EQ(table.deadlines().begin()->first, at(10));
  table.hasten(slot, at(5));
  EXPECT_EQ(table.deadlines().begin()->first, at(5));
  EXPECT_EQ(table.deadlines().size(), 1U);
}

TEST(WaitTable, ADeadlineActedOnDoesNotComeBack) {
  WaitTable table;
  const std::uint32_t slot = open_waiting(table, at(10));
  table.forget_deadline(slot);
  table.hasten(slot, at(5));
  EXPECT_TRUE(table.deadlines().empty());
  EXPECT_EQ(table.size(), 1U);
  table.close(slot);
  EXPECT_EQ(table.size(), 0U);
}

RC_GTEST_PROP(WaitTable, HoldsExactlyTheOpenWaitsByDeadline, ()) {
  WaitTable table;
  std::map<std::uint64_t, std::pair<WaitId, Time>> open;
  const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 3), rc::gen::inRange(1, 50)));
  for (const auto& [what, number] : steps) {
    if (what > 0 || open.empty()) {
      const WaitId id = table.id_of(open_waiting(table, at(number)));
      RC_ASSERT(open.emplace(id.value(), std::pair(id, at(number))).second);
    } else {
      const auto victim = std::next(open.begin(), number % static_cast<int>(open.size()));
      table.close(victim->second.first.slot);
      RC_ASSERT(table.find(victim->second.first) == nullptr);
      open.erase(victim);
    }
    std::set<std::pair<Time, std::uint32_t>> expected;
    for (const auto& [value, entry] : open) {
      RC_ASSERT(table.find(entry.first) != nullptr);
      expected.emplace(entry.second, entry.first.slot);
    }
    RC_ASSERT(table.size() == open.size());
    RC_ASSERT(table.deadlines() == expected);
  }
}

}  // namespace
}  // namespace tidemark::core
