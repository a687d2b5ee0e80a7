#include "core/share_slots.h"

#include <gtest/gtest.h>

namespace tidemark::core {
namespace {

using Ranges = std::vector<Range>;

void state(ShareSlots& slots, std::int32_t leader, Offset start, const Ranges& acknowledged = {}, const Ranges& archived = {},
           const std::vector<Cut>& cuts = {}) {
  slots.state(leader, start, acknowledged, archived, cuts);
}

TEST(ShareSlots, P1WhatANewLeaderTookOverAboveACutIsPassedOver) {
  ShareSlots slots;
  state(slots, 0, 4, {{6, 7}});
  state(slots, 1, 5, {{6, 7}}, {{9, 9}}, {{1, 3}});
  EXPECT_FALSE(slots.pass_over(2, 2));
  EXPECT_TRUE(slots.pass_over(3, 4)) << "below its start";
  EXPECT_FALSE(slots.pass_over(5, 5));
  EXPECT_TRUE(slots.pass_over(6, 7));
  EXPECT_FALSE(slots.pass_over(8, 8));
  EXPECT_TRUE(slots.pass_over(9, 9)) << "given up before";
  state(slots, 1, 5, {{5, 8}}, {}, {{1, 3}});
  EXPECT_FALSE(slots.pass_over(5, 5)) << "acknowledged since";
}

TEST(ShareSlots, ACutThatShowsLaterIsLaidToTheLeaderThatMadeIt) {
  ShareSlots slots;
  state(slots, 0, 4);
  state(slots, 1, 5, {{8, 8}});
  state(slots, 2, 7);
  EXPECT_TRUE(slots.cut({1, 4}));
  EXPECT_TRUE(slots.pass_over(4, 4));
  EXPECT_FALSE(slots.pass_over(6, 6)) << "done under leader 1";
  EXPECT_TRUE(slots.pass_over(8, 8));
  EXPECT_FALSE(slots.cut({3, 2})) << "its leader has written nothing yet";
  EXPECT_FALSE(slots.cut({-1, 2})) << "nobody knows whose";
}

TEST(ShareSlots, WhatTheFirstLeaderEverSaysIsItsOwn) {
  ShareSlots slots;
  state(slots, 3, 5, {{7, 7}}, {}, {{1, 0}, {3, 2}});
  EXPECT_FALSE(slots.pass_over(0, 10));
}

TEST(ShareSlots, AStateThatIsSetUpAnewHandsOutAllFromItsStart) {
  ShareSlots slots;
  state(slots, 0, 4);
  state(slots, 1, 6, {{8, 8}}, {}, {{1, 2}});
  slots.begin_at(4);
  EXPECT_TRUE(slots.pass_over(3, 3)) << "nobody goes back to it";
  EXPECT_FALSE(slots.pass_over(4, 10));
  EXPECT_FALSE(slots.cut({1, 4}));
}

TEST(ShareSlots, P7LeadersAreForgottenAtLast) {
  ShareSlots slots;
  for (std::int32_t leader = 0; leader < 20; ++leader) state(slots, leader, leader);
  EXPECT_TRUE(slots.cut({1, 0}));
  EXPECT_TRUE(slots.pass_over(10, 10)) << "rather too much";
}

}  // namespace
}  // namespace tidemark::core
