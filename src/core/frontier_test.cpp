// Frontier: what a consumer's commits prove, and what they do not (P1, P3, P6).
#include "core/frontier_fixture.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <set>
#include <vector>

namespace tidemark::core {
namespace {

TEST(Frontier, P1AnAnchorAndALaterCommitAboveTheEventProveIt) {
  Group group;
  EXPECT_EQ(group.why(10), PendingReason::not_started);
  group.commit(10);
  EXPECT_EQ(group.at(10), Outcome::pending) << "committed is the next offset to read";
  EXPECT_EQ(group.why(10), PendingReason::lag);
  EXPECT_EQ(group.commit(11), Applied::moved);
  EXPECT_EQ(group.at(10), Outcome::processed);
  const auto standing = group.frontier.standing(10, 10);
  EXPECT_EQ(standing.evidence.source, Evidence::Source::commit);
  EXPECT_EQ(standing.evidence.committed, 11);
  EXPECT_EQ(standing.evidence.anchor, 10);
  EXPECT_EQ(standing.evidence.at, (LogPoint{0, 2}));
}

TEST(Frontier, P1AFirstCommitAboveTheEventProvesNothing) {
  Group group;
  group.commit(20);
  EXPECT_EQ(group.at(10), Outcome::unanchored);
  group.commit(30);
  EXPECT_EQ(group.at(10), Outcome::unanchored);
  EXPECT_EQ(group.at(20), Outcome::processed);
  EXPECT_EQ(group.frontier.standing(10, 25).outcome, Outcome::unanchored) << "only part of the range is proven";
}

TEST(Frontier, P1ADeclaredStartAnchorsTheFirstCommit) {
  Group group;
  group.commit_declared(20);
  EXPECT_EQ(group.at(0), Outcome::processed);
  EXPECT_TRUE(group.frontier.standing(5, 5).evidence.anchor_declared);
  EXPECT_EQ(group.frontier.standing(5, 5).evidence.anchor, 0);
}

TEST(Frontier, P1AMoveByHandPastTheEventIsSkipped) {
  Group group;
  group.commit(10);
  EXPECT_EQ(group.move_by_hand(30), Applied::passed_over);
  EXPECT_EQ(group.at(15), Outcome::skipped);
  group.commit(40);
  EXPECT_EQ(group.at(15), Outcome::skipped);
  EXPECT_EQ(group.at(35), Outcome::processed);
  EXPECT_EQ(group.frontier.standing(5, 50).outcome, Outcome::skipped) << "a range is skipped where any of it is";
  EXPECT_EQ(group.at(15, seen(10, 1)), Outcome::skipped) << "an anchor does not make it read";
}

TEST(Frontier, P1AFirstMoveByHandVoidsOlderAnchorsAndTheDeclaration) {
  Group group;
  Frontier::Update u = group.update(30);
  u.moved_by_hand = true;
  u.from_start = true;
  group.frontier.commit(u, kFarEnd);
  EXPECT_EQ(group.at(15), Outcome::unanchored);
  EXPECT_EQ(group.at(15, Anchor{0, true, {}}), Outcome::unanchored) << "declared, and yet moved past it by hand";
  group.commit(50);
  EXPECT_EQ(group.at(40), Outcome::processed);
}

TEST(Frontier, P3AResetToEarliestIsPendingAgain) {
  Group group;
  group.commit(0);
  group.commit(50);
  EXPECT_EQ(group.at(20), Outcome::processed);
  group.move_by_hand(0);
  EXPECT_EQ(group.at(20), Outcome::pending);
  EXPECT_EQ(group.why(20), PendingReason::lag);
  group.commit(21);
  EXPECT_EQ(group.at(20), Outcome::processed);
  EXPECT_EQ(group.at(30), Outcome::pending);
}

TEST(Frontier, P3AResetBackTakesBackASkip) {
  Group group;
  group.commit(10);
  group.move_by_hand(30);
  group.move_by_hand(10);
  EXPECT_EQ(group.at(15), Outcome::pending);
  group.commit(20);
  EXPECT_EQ(group.at(15), Outcome::processed);
}

TEST(Frontier, P1ACommitBeyondTheEndIsHeldThenJudged) {
  Group group;
  group.commit(10);
  EXPECT_EQ(group.hold(20, 15, 1), Applied::held);
  EXPECT_TRUE(group.frontier.holding());
  EXPECT_EQ(group.why(15), PendingReason::asking_end);
  EXPECT_EQ(group.frontier.judge(20, 1), Applied::moved);
  EXPECT_EQ(group.at(15), Outcome::processed);
  EXPECT_FALSE(group.frontier.holding());
}

TEST(Frontier, P1ACommitBeyondTheToldEndProvesNothing) {
  Group group;
  group.commit(10);
  group.hold(500, 15, 1);
  group.frontier.judge(100, 1);
  EXPECT_TRUE(group.frontier.beyond_end());
  EXPECT_FALSE(group.frontier.has_position());
  EXPECT_EQ(group.why(50), PendingReason::beyond_end);
  group.commit(60, 100);
  EXPECT_FALSE(group.frontier.beyond_end());
  EXPECT_EQ(group.at(50), Outcome::unanchored);
  EXPECT_EQ(group.at(50, seen(10, 1)), Outcome::unanchored) << "the anchor lies before the break";
  EXPECT_EQ(group.at(5), Outcome::unanchored);
}

TEST(Frontier, P1AnAnswerToAnOlderQuestionRejectsNothing) {
  Group group;
  group.commit(10);
  group.hold(20, 15, 2);
  EXPECT_EQ(group.frontier.judge(18, 1), Applied::same);
  EXPECT_TRUE(group.frontier.holding());
  EXPECT_EQ(group.frontier.judge(25, 2), Applied::moved);
  EXPECT_EQ(group.at(15), Outcome::processed);
}

TEST(Frontier, P6WhatIsHeldBehindFollowsInOrder) {
  Group group;
  group.commit(10, 100);
  group.hold(120, 100, 1);
  EXPECT_EQ(group.hold(90, 100, 2), Applied::held) << "within the end, and yet behind one that is held";
  group.frontier.judge(130, 1);
  EXPECT_EQ(group.frontier.committed(), 90);
  EXPECT_EQ(group.at(95), Outcome::pending);
  EXPECT_EQ(group.at(50), Outcome::processed);
}

TEST(Frontier, P3AMoveBackCountsAlthoughItIsHeldBehindAnother) {
  Group group;
  group.commit(0, 100);
  group.commit(80, 100);
  group.hold(120, 100, 1);
  group.hold(10, 100, 2);
  EXPECT_EQ(group.at(50), Outcome::pending) << "the latest commit is 10";
  EXPECT_EQ(group.why(50), PendingReason::asking_end);
  EXPECT_EQ(group.at(5), Outcome::processed);
  EXPECT_EQ(group.frontier.judge(100, 2), Applied::moved);
  EXPECT_EQ(group.why(50), PendingReason::lag);
}

TEST(Frontier, AJudgementThatEndsWhereItBeganStillTells) {
  Group group;
  group.commit(0, 100);
  group.commit(80, 100);
  group.hold(120, 100, 1);
  group.hold(10, 100, 2);
  group.hold(80, 100, 2);
  EXPECT_EQ(group.at(50), Outcome::pending);
  EXPECT_EQ(group.frontier.judge(100, 2), Applied::moved) << "obligations between have ended";
  EXPECT_EQ(group.at(50), Outcome::processed);
}

TEST(Frontier, P7WhatIsHeldIsBounded) {
  Group group;
  group.commit(10, 100);
  for (std::size_t i = 0; i < Frontier::kMaxHeld; ++i)
    ASSERT_EQ(group.hold(200 + static_cast<Offset>(i), 100, 1), Applied::held);
  EXPECT_EQ(group.hold(300, 100, 1), Applied::same);
  EXPECT_FALSE(group.frontier.holding());
  EXPECT_EQ(group.why(50), PendingReason::not_started) << "the position is unknown, which is sound";
  group.commit(400, kFarEnd);
  EXPECT_EQ(group.at(50), Outcome::unanchored);
}

// A group that has a commit did not begin at the log's start, whatever is declared.
TEST(Frontier, P1TheDeclarationDoesNotCoverACommitThatIsMerelyUnknown) {
  Group rejected;
  rejected.commit(50, 100);
  rejected.hold(500, 100, 1);
  rejected.frontier.judge(100, 1);
  rejected.commit_declared(510);  // it went on at 500, once the log had grown
  EXPECT_EQ(rejected.at(300), Outcome::unanchored);

  Group overflowed;
  overflowed.commit(50, 100);
  for (std::size_t i = 0; i <= Frontier::kMaxHeld; ++i) overflowed.hold(200, 100, 1);
  overflowed.commit_declared(300);
  EXPECT_EQ(overflowed.at(100), Outcome::unanchored);

  Group first;
  first.commit_declared(500, 100, 1);
  first.commit_declared(90, 100, 2);
  first.frontier.judge(100, 2);
  EXPECT_EQ(first.at(50), Outcome::unanchored);
}

TEST(Frontier, ADeletedRowEndsThePosition) {
  Group group;
  group.commit(10);
  group.commit(50);
  group.commit(kNoOffset);
  EXPECT_FALSE(group.frontier.has_position());
  EXPECT_EQ(group.why(20), PendingReason::not_started);
  EXPECT_EQ(group.at(20, seen(10, 1)), Outcome::pending);
  group.commit(60);
  EXPECT_EQ(group.at(20), Outcome::unanchored);
  EXPECT_EQ(group.at(55, seen(50, 2)), Outcome::unanchored) << "the anchor is older than the deletion";
  group.commit(kNoOffset);
  group.commit_declared(70);
  EXPECT_EQ(group.at(65), Outcome::processed) << "without a row a declared group does begin at the start";
}

TEST(Frontier, P6ARecordReadAgainChangesNothing) {
  Group group;
  const Frontier::Update first = group.update(10), second = group.update(50);
  group.frontier.commit(first, kFarEnd);
  group.frontier.commit(second, kFarEnd);
  EXPECT_EQ(group.frontier.commit(first, kFarEnd), Applied::stale);
  EXPECT_EQ(group.frontier.commit(second, kFarEnd), Applied::stale);
  EXPECT_EQ(group.frontier.committed(), 50);
}

// Kafka's coordinator ignores it too: the record's place decides, not the marker's.
TEST(Frontier, P6ATransactionalCommitOlderThanAPlainOneIsIgnored) {
  Group group;
  Frontier::Update transactional = group.update(70);
  group.commit(50);
  transactional.settled_at = 9;
  EXPECT_EQ(group.frontier.commit(transactional, kFarEnd), Applied::stale);
  EXPECT_EQ(group.frontier.committed(), 50);
}

TEST(Frontier, P6ASeedCountsOnlyWhileNothingNewerIsKnown) {
  Group group;
  group.commit(50);
  EXPECT_EQ(group.frontier.seed(10, tail_at(100), kFarEnd, 0), Applied::stale);
  EXPECT_EQ(group.frontier.committed(), 50);
  Group deleted;
  deleted.commit(kNoOffset);
  EXPECT_EQ(deleted.frontier.seed(10, tail_at(0), kFarEnd, 0), Applied::stale);
  Group holding;
  holding.hold(50, 10, 1);
  EXPECT_EQ(holding.frontier.seed(5, tail_at(0), kFarEnd, 0), Applied::stale);
}

TEST(Frontier, P6ASeedContainsEveryRecordBelowItsVersion) {
  Frontier frontier;
  EXPECT_EQ(frontier.seed(50, tail_at(100), kFarEnd, 0), Applied::moved);
  EXPECT_EQ(frontier.standing(60, 60).evidence.source, Evidence::Source::seed);
  Frontier::Update old;
  old.offset = 40;
  old.at = {0, 99};
  old.settled_at = 99;
  EXPECT_EQ(frontier.commit(old, kFarEnd), Applied::stale);
  EXPECT_EQ(frontier.committed(), 50);
  Frontier::Update next = old;
  next.offset = 70;
  next.at.offset = next.settled_at = 100;
  EXPECT_EQ(frontier.commit(next, kFarEnd), Applied::moved);
  EXPECT_EQ(frontier.standing(60, 60).outcome, Outcome::processed);
  EXPECT_EQ(frontier.standing(60, 60).evidence.anchor, 50);
}

// The record is older than the seed's version, its marker is not: the seed did not contain it.
TEST(Frontier, P6AgainstASeedTheMarkerCounts) {
  Frontier frontier;
  frontier.seed(50, tail_at(100), kFarEnd, 0);
  Frontier::Update transactional;
  transactional.offset = 70;
  transactional.at = {0, 90};
  transactional.settled_at = 105;
  EXPECT_EQ(frontier.commit(transactional, kFarEnd), Applied::moved);
  EXPECT_EQ(frontier.standing(60, 60).outcome, Outcome::processed);
}

TEST(Frontier, P1ASeedBeyondTheEndIsHeldToo) {
  Frontier frontier;
  EXPECT_EQ(frontier.seed(50, tail_at(0), 0, 1), Applied::held);
  EXPECT_EQ(frontier.standing(40, 40).reason, PendingReason::asking_end);
  frontier.judge(50, 1);
  EXPECT_EQ(frontier.committed(), 50);
  EXPECT_EQ(frontier.standing(40, 40).outcome, Outcome::unanchored);
  EXPECT_EQ(frontier.standing(50, 50).reason, PendingReason::lag);
}

TEST(Frontier, P8AMarksAnchorJudgesWhatThisGatewayDidNotSee) {
  Frontier seeded;
  seeded.seed(70, tail_at(100), kFarEnd, 0);
  EXPECT_EQ(seeded.standing(60, 60).outcome, Outcome::unanchored);
  EXPECT_EQ(seeded.standing(60, 60, seen(50, 40)).outcome, Outcome::processed);
  EXPECT_EQ(seeded.standing(60, 60, seen(50, 40)).evidence.anchor, 50);
  EXPECT_EQ(seeded.standing(60, 60, seen(61, 40)).outcome, Outcome::unanchored) << "above the event";
  EXPECT_EQ(seeded.standing(60, 60, seen(50, 100)).outcome, Outcome::unanchored) << "later than what is known here";
  EXPECT_EQ(seeded.standing(60, 60, Anchor{0, true, {}}).outcome, Outcome::processed);
  EXPECT_EQ(seeded.standing(70, 70, seen(50, 40)).outcome, Outcome::pending);

  Group committed;
  committed.record = 39;
  committed.commit(70);
  EXPECT_EQ(committed.at(60, seen(50, 40)), Outcome::unanchored) << "the anchor is that commit's own record, or later";
  EXPECT_EQ(committed.at(60, seen(50, 39)), Outcome::processed);
}

TEST(Frontier, AnAnchorForAnEventIsAPositionAtOrBelowIt) {
  Group group;
  EXPECT_FALSE(group.frontier.anchor_for(10).known());
  group.commit(10);
  EXPECT_EQ(group.frontier.anchor_for(10), seen(10, 1));
  EXPECT_EQ(group.frontier.anchor_for(99), seen(10, 1));
  EXPECT_FALSE(group.frontier.anchor_for(9).known());
  group.commit(50);
  EXPECT_EQ(group.frontier.anchor_for(20), seen(10, 1)) << "the commit came before the delivery report";
  EXPECT_EQ(group.frontier.anchor_for(50), seen(50, 2));
  group.commit(60);
  EXPECT_EQ(group.frontier.anchor_for(20).committed, 10) << "the range's start, when the record is forgotten";
  group.move_by_hand(90);
  EXPECT_FALSE(group.frontier.anchor_for(70).known()) << "moved past by hand";
}

TEST(Frontier, P1ManySkipsNeverLetAnOldAnchorReachAcrossOneThatWasForgotten) {
  Group group;
  group.commit(0);
  for (Offset i = 0; i < 40; ++i) {
    group.move_by_hand(i * 10 + 5);
    group.commit(i * 10 + 10);
  }
  for (Offset i = 0; i < 40; ++i) EXPECT_NE(group.at(i * 10 + 2, Anchor{0, true, {}}), Outcome::processed) << i;
  EXPECT_EQ(group.at(397), Outcome::processed);
}

// The promise, with every offset on its own: read is what the group moved
// through by its own commits since it last stood at or below it.
class Model {
 public:
  void commit(Offset to, bool by_hand) {
    if (!position_ || to < *position_) {
      read_.erase(read_.lower_bound(to), read_.end());
      skipped_.erase(skipped_.lower_bound(to), skipped_.end());
    }
    if (position_)
      for (Offset o = *position_; o < to; ++o) {
        (by_hand ? skipped_ : read_).insert(o);
        if (!by_hand) skipped_.erase(o);
      }
    position_ = to;
  }
  void remove() {
    position_.reset();
    read_.clear();
    skipped_.clear();
  }
  Outcome at(Offset offset) const {
    if (position_ && *position_ > offset && read_.contains(offset)) return Outcome::processed;
    if (skipped_.contains(offset)) return Outcome::skipped;
    return position_ && *position_ > offset ? Outcome::unanchored : Outcome::pending;
  }

 private:
  std::optional<Offset> position_;
  std::set<Offset> read_, skipped_;
};

RC_GTEST_PROP(Frontier, P1AgreesWithAModelOfSingleOffsets, ()) {
  Group group;
  Model model;
  // Few enough steps that no range is forgotten.
  const auto steps = *rc::gen::resize(
      16, rc::gen::container<std::vector<std::pair<int, int>>>(
              rc::gen::pair(rc::gen::inRange(0, 8), rc::gen::inRange(0, 40))));
  std::vector<Frontier::Update> past;
  for (const auto& [what, offset] : steps) {
    Frontier::Update update = group.update(what == 0 ? kNoOffset : offset);
    update.moved_by_hand = what == 1 || what == 2;
    past.push_back(update);
    group.frontier.commit(update, kFarEnd);
    if (what == 0) {
      model.remove();
    } else {
      model.commit(offset, update.moved_by_hand);
    }
    // P6: any older record again.
    group.frontier.commit(past[static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(past.size())))],
                          kFarEnd);
    for (Offset o = 0; o < 42; ++o) RC_ASSERT(group.at(o) == model.at(o));
  }
}

// P1: the order in which commits and the ends that judge them arrive makes no
// difference in the end.
RC_GTEST_PROP(Frontier, P6HeldCommitsEndAsIfTheEndHadBeenKnown, ()) {
  const Offset end = *rc::gen::inRange(5, 30);
  const auto offsets = *rc::gen::resize(20, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 40)));
  Group known, late;
  std::uint64_t asked = 0;
  Offset known_end = 0;
  for (const int offset : offsets) {
    known.hold(offset, end, 1);
    known.frontier.judge(end, 1);
    late.hold(offset, known_end, asked + 1);
    if (*rc::gen::inRange(0, 4) != 0) continue;
    known_end = end;
    late.frontier.judge(known_end, ++asked);
  }
  late.frontier.judge(end, ++asked);
  for (Offset o = 0; o < 42; ++o) {
    RC_ASSERT(late.at(o) == known.at(o));
    RC_ASSERT(late.why(o) == known.why(o));
  }
}

}  // namespace
}  // namespace tidemark::core
