#include "core/obligations.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <vector>

namespace tidemark::core {
namespace {

std::vector<Obligation> in(const Obligations& obligations, Range lasts) {
  std::vector<Obligation> found;
  obligations.for_each_in(lasts, [&](const Obligation& o) { found.push_back(o); });
  return found;
}

constexpr Range kAll{0, 1'000'000'000};

TEST(Obligations, TheLowestIsTheOneThatACommitEndsFirst) {
  Obligations obligations;
  EXPECT_TRUE(obligations.empty());
  obligations.insert({7, 0, 0});
  obligations.insert({5, 1, 0});
  obligations.insert({5, 0, 1});
  EXPECT_EQ(obligations.lowest(), (Obligation{5, 0, 1}));
  obligations.erase({5, 0, 1});
  EXPECT_EQ(obligations.lowest(), (Obligation{5, 1, 0}));
  EXPECT_EQ(in(obligations, {6, 7}), (std::vector<Obligation>{{7, 0, 0}}));
}

TEST(Obligations, WhatIsThereTwiceOrNotAtAllChangesNothing) {
  Obligations obligations;
  obligations.insert({5, 1, 0});
  obligations.insert({5, 1, 0});
  EXPECT_EQ(obligations.size(), 1u);
  obligations.erase({5, 2, 0});
  obligations.erase({6, 1, 0});
  EXPECT_EQ(obligations.size(), 1u);
  obligations.erase({5, 1, 0});
  EXPECT_TRUE(obligations.empty());
}

// Twice through: so many that chunks are made, split, thinned and joined.
RC_GTEST_PROP(Obligations, AreWhatASetWouldBe, ()) {
  Obligations obligations;
  std::set<Obligation> model;
  const auto spread = *rc::gen::inRange<Offset>(1, 2'000);
  const auto seed = *rc::gen::inRange<std::uint32_t>(1, 1'000'000);
  std::uint64_t state = seed;
  const auto draw = [&](std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
  };
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 1'500; ++i) {
      const bool grows = draw(100) < (i < 800 ? 80 : 20);
      const Obligation one{static_cast<Offset>(draw(static_cast<std::uint64_t>(spread))), static_cast<std::uint32_t>(draw(8)), 0};
      if (grows) {
        obligations.insert(one);
        model.insert(one);
      } else if (!model.empty()) {
        const auto at = model.lower_bound(one);
        const Obligation gone = at == model.end() ? *model.begin() : *at;
        RC_ASSERT(obligations.contains(gone));
        obligations.erase(gone);
        model.erase(gone);
      }
      RC_ASSERT(obligations.size() == model.size());
      RC_ASSERT((model.empty() ? obligations.empty() : obligations.lowest() == *model.begin()));
    }
    RC_ASSERT(in(obligations, kAll) == std::vector<Obligation>(model.begin(), model.end()));
    const auto first = static_cast<Offset>(draw(static_cast<std::uint64_t>(spread)));
    const Range some{first, first + 100};
    RC_ASSERT(in(obligations, some) == std::vector<Obligation>(model.lower_bound({some.first, 0, 0}), model.lower_bound({some.last + 1, 0, 0})));
  }
}

}  // namespace
}  // namespace tidemark::core
