#include "core/answer.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tidemark::core {
namespace {

Answer settled_with(std::vector<Outcome> outcomes) {
  Answer answer;
  answer.settled = true;
  for (const Outcome outcome : outcomes) answer.consumers.emplace_back().outcome = outcome;
  return answer;
}

// P1: success is settled with all processed; nothing else reads as success.
TEST(Answer, IsSuccessOnlyWhenSettledAndAllProcessed) {
  EXPECT_TRUE(settled_with({Outcome::processed, Outcome::processed}).all_processed());
  for (const Outcome other : {Outcome::pending, Outcome::skipped, Outcome::absent, Outcome::unanchored})
    EXPECT_FALSE(settled_with({Outcome::processed, other}).all_processed()) << name_of(other);
  Answer open = settled_with({Outcome::processed});
  open.settled = false;
  EXPECT_FALSE(open.all_processed());
}

TEST(Answer, NobodyToWaitForIsSuccessOnlyWhenThatWasConfigured) {
  Answer answer = settled_with({});
  EXPECT_TRUE(answer.all_processed());
  answer.no_consumers_known = true;
  EXPECT_FALSE(answer.all_processed());
}

TEST(Answer, EveryNameIsItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Outcome::unanchored); ++i) names.insert(name_of(static_cast<Outcome>(i)));
  EXPECT_EQ(names, (std::set<std::string_view>{"processed", "pending", "skipped", "absent", "unanchored"}));
  names.clear();
  for (int i = 0; i <= static_cast<int>(PendingReason::append); ++i)
    names.insert(name_of(static_cast<PendingReason>(i)));
  EXPECT_EQ(names,
            (std::set<std::string_view>{"none", "lag", "not_started", "asking_end", "beyond_end", "append"}));
  EXPECT_EQ(name_of(ExpectedBy::configured), "configured");
  EXPECT_EQ(name_of(ExpectedBy::observed), "observed");
  EXPECT_EQ(name_of(Evidence::Source::none), "none");
  EXPECT_EQ(name_of(Evidence::Source::commit), "commit");
  EXPECT_EQ(name_of(Evidence::Source::seed), "seed");
}

TEST(WaitId, TellsASlotsWaitsApart) {
  EXPECT_NE((WaitId{3, 1}), (WaitId{3, 2}));
  EXPECT_NE((WaitId{3, 1}.value()), (WaitId{3, 2}.value()));
  EXPECT_NE((WaitId{1, 3}.value()), (WaitId{3, 1}.value()));
}

}  // namespace
}  // namespace tidemark::core
