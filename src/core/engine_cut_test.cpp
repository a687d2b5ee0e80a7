// Leaders elected out of sync: what is lost is said, and nothing is proven across the cut.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/engine_cut_fixture.h"
#include "core/topics.h"

namespace tidemark::core {
namespace {

TEST(EngineCut, AnOpenWaitForALostEventEndsAsSkippedAndSaysWhy) {
  CutGateway g;
  const WaitId kept = g.append_at(kEnd, 5), lost = g.append_at(kEnd + 1, 5);
  g.elect(6, kEnd + 1);
  EXPECT_FALSE(g.answered(kept));
  EXPECT_EQ(g.outcome(lost).outcome, Outcome::skipped);
  EXPECT_NE(g.outcome(lost).hint.find("unclean leader election"), std::string::npos) << g.outcome(lost).hint;
  EXPECT_TRUE(g.answer(lost).settled);
  EXPECT_EQ(g.engine().stats().log_cuts, 1U);
  g.commit("views", 0, kEnd + 1);
  EXPECT_EQ(g.outcome(kept).outcome, Outcome::processed) << "what the new leader has is as it was";
}

TEST(EngineCut, AMarkOfALostEventIsRefusedAndOneOfItsSuccessorIsNot) {
  CutGateway g;
  const Mark lost = g.answer(g.append_at(kEnd, 5, false)).mark;
  const Mark below = g.answer(g.append_at(kEnd - 1, 5, false)).mark;
  EXPECT_EQ(g.look(lost).consumers.at(0).outcome, Outcome::pending);
  g.elect(6, kEnd);
  EXPECT_EQ(g.refused(g.resumption(lost)).code, Refusal::Code::cut_off);
  EXPECT_EQ(g.look(below).consumers.size(), 1U);
  const Mark successor = g.answer(g.append_at(kEnd, 6, false)).mark;
  EXPECT_EQ(g.look(successor).consumers.size(), 1U);
  EXPECT_EQ(g.refused(g.resumption(lost)).code, Refusal::Code::cut_off) << "though its offset is taken again";
}

TEST(EngineCut, ACleanElectionChangesNothing) {
  CutGateway g;
  const WaitId wait = g.append_at(kEnd, 5);
  g.elect(6, kEnd + 1);
  EXPECT_EQ(g.engine().stats().log_cuts, 0U);
  g.commit("views", 0, kEnd + 1);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
}

TEST(EngineCut, AnAnswerOlderThanTheEndOrFromADeposedLeaderIsNoCut) {
  CutGateway g;
  g.elect(5, kEnd);
  const WaitId wait = g.append_at(kEnd, 5);
  g.tell(kEnd, 6, 0);  // its question came before the append
  EXPECT_EQ(g.engine().stats().log_cuts, 0U);
  g.tell(kEnd, 5, 1000);  // asked later, of one that does not know yet that it is deposed
  g.tell(kEnd, -1, 1000);
  EXPECT_EQ(g.engine().stats().log_cuts, 0U);
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, kEnd + 1);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
}

TEST(EngineCut, AnAppendThatLandsBelowTheOneBeforeShowsACut) {
  CutGateway g;
  const WaitId first = g.append_at(kEnd, 5), second = g.append_at(kEnd + 1, 5);
  const WaitId after = g.append_at(kEnd + 1, 6);
  EXPECT_EQ(g.outcome(second).outcome, Outcome::skipped);
  EXPECT_FALSE(g.answered(first));
  EXPECT_FALSE(g.answered(after));
  g.commit("views", 0, kEnd);
  g.commit("views", 0, kEnd + 2);
  EXPECT_EQ(g.outcome(first).outcome, Outcome::processed);
}

TEST(EngineCut, ADeliveryOutOfOrderOfTheSameLeaderIsNone) {
  CutGateway g;
  g.append_at(kEnd + 1, 5, false);
  g.append_at(kEnd, 5, false);
  EXPECT_EQ(g.engine().stats().log_cuts, 0U);
}

TEST(EngineCut, AnAppendConfirmedBeforeTheCutAndToldAfterItIsLost) {
  CutGateway g;
  g.append_at(kEnd, 5, false);
  const WaitId late = g.publish();
  g.elect(6, kEnd);
  g.deliver(late, appended(kEnd + 1, 5));
  EXPECT_EQ(g.outcome(late).outcome, Outcome::skipped);
}

// The leader that cut the log off took the group's state over, and hands out nothing that has the offset of what was done.
TEST(EngineCut, P1WhatHasTheOffsetOfARecordThatAShareGroupHadDoneIsSkipped) {
  for (const bool state_first : {false, true}) {
    CutGateway g;
    g.members("workers", 1);
    const std::vector<std::string> only{"workers"};
    const auto append = [&](Offset offset, std::int32_t epoch) {
      PublishRequest r = g.request();
      r.only = only;
      const WaitId wait = g.publish(r);
      g.deliver(wait, appended(offset, epoch));
      return wait;
    };
    const auto tells = [&](std::int32_t leader, Offset start, const std::vector<Range>& done) {
      ShareProgress progress = g.share_state(0, start);
      progress.leader_epoch = leader;
      progress.acknowledged = done;
      g.share(progress);
    };
    tells(5, kEnd, {});
    for (Offset o = 0; o < 3; ++o) append(kEnd + o, 5);
    tells(5, kEnd, {{kEnd + 1, kEnd + 1}});
    if (state_first) tells(6, kEnd, {{kEnd + 1, kEnd + 1}});
    g.elect(6, kEnd);
    const WaitId read = append(kEnd, 6), passed = append(kEnd + 1, 6);
    if (!state_first) {
      tells(5, kEnd, {{kEnd + 1, kEnd + 2}});  // written before, and read late
      EXPECT_FALSE(g.answered(passed));
      tells(6, kEnd, {{kEnd + 1, kEnd + 2}});
    }
    EXPECT_EQ(g.outcome(passed).outcome, Outcome::skipped);
    EXPECT_FALSE(g.answered(read));
    tells(6, kEnd, {{kEnd, kEnd + 2}});
    EXPECT_EQ(g.outcome(read).outcome, Outcome::processed);
  }
}

TEST(EngineCut, AnAppendInDoubtBelowOneBeforeAsksForTheEnd) {
  CutGateway g;
  g.append_at(kEnd + 1, 5, false);
  const WaitId doubtful = g.publish();
  g.asked();
  Delivery unknown;
  unknown.partition = 0;
  unknown.offset = kEnd;
  g.deliver(doubtful, unknown);
  EXPECT_EQ(g.answer(doubtful).fate, Delivery::Fate::unknown);
  const std::vector<AskEnds> asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.tell(kEnd + 1, 6, asks.front().number);
  EXPECT_EQ(g.engine().stats().log_cuts, 1U);
}

// As the producer tells of the first batch in a log that is another one than it knew.
TEST(EngineCut, AnAppendInAnotherLogShowsACutWhoseLeaderIsToldLater) {
  CutGateway g;
  const Mark mark = g.answer(g.append_at(kEnd, 5, false)).mark;
  const WaitId lost = g.append_at(kEnd + 1, 5), doubtful = g.publish();
  Delivery unknown;
  unknown.partition = 0;
  unknown.offset = kEnd;
  unknown.reason = Delivery::Reason::unavailable;
  g.asked();
  g.deliver(doubtful, unknown);
  EXPECT_EQ(g.outcome(lost).outcome, Outcome::skipped);
  const std::vector<AskEnds> asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.tell(kEnd + 4, 6, asks.front().number);  // it has grown past its former end
  EXPECT_EQ(g.refused(g.resumption(mark)).code, Refusal::Code::cut_off);
  EXPECT_EQ(g.look(g.answer(g.append_at(kEnd + 4, 6, false)).mark).consumers.size(), 1U);
}

// P1: what a consumer read of the log that is gone says nothing of what took its place.
TEST(EngineCut, ACommitFromAboveTheCutIsNoAnchorForItsSuccessors) {
  CutGateway g;
  g.append_at(kEnd, 5, false);
  g.append_at(kEnd + 1, 5, false);
  g.commit("views", 0, kEnd + 2);
  g.elect(6, kEnd);
  const WaitId successor = g.append_at(kEnd, 6);
  EXPECT_FALSE(g.answered(successor)) << "its old position lies above, and proves nothing";
  g.append_at(kEnd + 1, 6, false);
  g.append_at(kEnd + 2, 6, false);
  g.commit("views", 0, kEnd + 3);
  EXPECT_EQ(g.outcome(successor).outcome, Outcome::unanchored);
  const WaitId next = g.append_at(kEnd + 3, 6);
  g.commit("views", 0, kEnd + 4);
  EXPECT_EQ(g.outcome(next).outcome, Outcome::processed);
}

TEST(EngineCut, WhatWasReadAboveAPositionBelowTheCutIsNotProvenEither) {
  CutGateway g;
  g.append_at(kEnd, 5, false);
  const WaitId survivor = g.append_at(kEnd + 1, 5);
  g.append_at(kEnd + 2, 5, false);
  g.elect(6, kEnd + 2);  // views is at kEnd, and may have read, uncommitted, what is lost
  const WaitId successor = g.append_at(kEnd + 2, 6);
  g.append_at(kEnd + 3, 6, false);
  g.commit("views", 0, kEnd + 4);
  EXPECT_EQ(g.outcome(survivor).outcome, Outcome::processed);
  EXPECT_EQ(g.outcome(successor).outcome, Outcome::unanchored);
}

// The consumer had read, uncommitted, what the first cut took.
TEST(EngineCut, ASecondCutAboveTheFirstHidesNothingOfIt) {
  CutGateway g;
  g.append_at(kEnd, 5, false);
  g.elect(6, kEnd);
  const WaitId successor = g.append_at(kEnd, 6);
  g.append_at(kEnd + 1, 6, false);
  g.elect(7, kEnd + 1);
  g.append_at(kEnd + 1, 7, false);
  g.commit("views", 0, kEnd + 2);
  EXPECT_EQ(g.outcome(successor).outcome, Outcome::unanchored);
}

// Found by the simulator, seed 91000002383: its first commit came after the cut.
TEST(EngineCut, WhoIsDeclaredToBeginAtTheStartMayHaveReadOnlyWhatIsGone) {
  for (const bool waited_before : {true, false}) {
    EngineConfig config;
    config.reset_earliest = {"late"};
    config.wait_for["orders"] = {"late"};
    CutGateway g(config);
    g.members("late", 1);
    if (waited_before) g.append_at(kEnd, 5, false);
    g.tell(kEnd + 2, 5, 1000);
    g.elect(6, kEnd);
    const WaitId below = g.append_at(kEnd - 1, 5), successor = g.append_at(kEnd, 6);
    g.commit("late", 0, kEnd + 1);
    EXPECT_EQ(g.outcome(below).outcome, Outcome::processed) << "which both logs have";
    EXPECT_EQ(g.outcome(successor).outcome, Outcome::unanchored) << waited_before;
    const WaitId next = g.append_at(kEnd + 1, 6);
    g.commit("late", 0, kEnd + 2);
    EXPECT_EQ(g.outcome(next).outcome, Outcome::processed);
  }
}

// Found by the simulator, seed 91000007877: the question was older than the higher end.
TEST(EngineCut, AnOldAnswerOfAYoungerLeaderDoesNotHideWhatTheNextShows) {
  CutGateway g;
  const WaitId wait = g.append_at(kEnd, 5);
  g.asked();
  g.tell(kEnd, 6, 0);
  EXPECT_FALSE(g.answered(wait));
  const std::vector<AskEnds> asks = g.asked();
  ASSERT_FALSE(asks.empty());
  g.tell(kEnd, 6, asks.back().number, 5, kNoOffset);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
}

TEST(EngineCut, AMarkWrittenAfterTheCutCarriesNoAnchorFromBeforeIt) {
  CutGateway g;
  g.append_at(kEnd, 5, false);
  g.elect(6, kEnd);
  const Mark mark = g.answer(g.append_at(kEnd, 6, false)).mark;
  ASSERT_EQ(mark.terms.at(0).expected.size(), 1U);
  EXPECT_FALSE(mark.terms[0].expected[0].anchor.known());
}

TEST(EngineCut, AcksOfLostRecordsDoNotCountForTheirSuccessors) {
  CutGateway g;
  g.append_at(kEnd, 5, false);
  g.ack("views", 0, {kEnd, kEnd});
  g.elect(6, kEnd);
  const WaitId successor = g.append_at(kEnd, 6);
  EXPECT_FALSE(g.answered(successor));
  g.ack("views", 0, {kEnd, kEnd});
  EXPECT_EQ(g.outcome(successor).outcome, Outcome::processed);
}

TEST(EngineCut, ACommitThatNamesTheLeaderThatWasCutOffProvesNothing) {
  CutGateway g;
  for (Offset offset = kEnd; offset < kEnd + 4; ++offset) g.append_at(offset, 5, false);
  g.elect(6, kEnd);
  g.commit("views", 0, kEnd);
  for (Offset offset = kEnd; offset < kEnd + 3; ++offset) g.append_at(offset, 6, false);
  const WaitId wait = g.append_at(kEnd + 3, 6);
  for (const Offset offset : {kEnd + 2, kEnd + 4}) g.commit_of(5, offset);  // sent before the cut
  EXPECT_FALSE(g.answered(wait));
}

// Found by the simulator, seed 321000001610: the end that its commit waited for was told together with the cut.
TEST(EngineCut, NorDoesOneThatWasHeldForTheEndWhenTheCutShowed) {
  CutGateway g;
  g.append_at(kEnd + 1, 5, false);
  g.commit_of(5, kEnd + 3);  // what it names is told by nobody yet
  const WaitId successor = g.append_at(kEnd, 6);
  g.append_at(kEnd + 2, 6, false);
  g.commit_of(5, kEnd);  // which both logs have, and late
  g.append_at(kEnd + 3, 6, false);
  g.commit_of(6, kEnd + 4);
  EXPECT_EQ(g.outcome(successor).outcome, Outcome::unanchored) << "it read the one that is gone";
  const WaitId next = g.append_at(kEnd + 4, 6);
  g.commit_of(6, kEnd + 5);
  EXPECT_EQ(g.outcome(next).outcome, Outcome::processed);
}

// P8: a gateway that saw none of it, while nothing has taken the event's place.
TEST(EngineCut, AMarkBeyondTheEndOfAYoungerLeaderIsLost) {
  CutGateway a;
  const Mark mark = a.answer(a.append_at(kEnd + 3, 5, false)).mark;
  CutGateway b;
  b.asked();
  const WaitId wait = b.resume(mark);
  const std::vector<AskEnds> asks = b.asked();
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_FALSE(b.answered(wait));
  b.tell(kEnd, 6, asks.front().number);
  EXPECT_EQ(b.outcome(wait).outcome, Outcome::skipped);
  EXPECT_EQ(b.engine().stats().log_cuts, 0U) << "a mark may be forged: others are judged as before";
  const WaitId again = b.resume(mark);
  b.tell(kEnd, 5, b.asked().at(0).number);
  EXPECT_FALSE(b.answered(again)) << "a leader of the event's own epoch has it, or will";
}

TEST(EngineCut, CutsAreKeptUpToABound) {
  CutGateway g;
  std::vector<Mark> lost;
  const auto count = static_cast<std::int32_t>(PartitionEnds::kMaxCuts) + 1;
  for (std::int32_t i = 0; i < count; ++i) {
    lost.push_back(g.answer(g.append_at(kEnd + 100 - i, 5 + i, false)).mark);
    g.elect(6 + i, kEnd + 50 - i);
  }
  EXPECT_EQ(g.engine().stats().log_cuts, static_cast<std::uint64_t>(count));
  for (const Mark& mark : lost) EXPECT_EQ(g.refused(g.resumption(mark)).code, Refusal::Code::cut_off);
}

// A log that is cut off at times, one honest consumer, and a gateway that hears of leaders late.
struct CutWorld {
  CutGateway g;
  static constexpr int kOther = -1;
  std::vector<int> log = std::vector<int>(static_cast<std::size_t>(kEnd), kOther);  // the event at each offset
  std::vector<std::int32_t> epochs = std::vector<std::int32_t>(static_cast<std::size_t>(kEnd), 5);  // of its leader
  std::int32_t epoch = 5;
  std::int32_t told_epoch = 5;
  std::size_t position = static_cast<std::size_t>(kEnd);  // of the consumer, in memory
  std::set<int> processed;
  std::map<int, WaitId> waits;

  static Uuid id_of(int event) {
    Uuid id;
    id.bytes[0] = static_cast<std::uint8_t>(event + 1);
    id.bytes[1] = static_cast<std::uint8_t>((event + 1) >> 8);
    return id;
  }
  void append(int event) {
    log.push_back(event);
    epochs.push_back(epoch);
  }
  void publish() {
    const auto event = static_cast<int>(waits.size());
    PublishRequest request = g.request();
    request.id = id_of(event);
    waits[event] = g.publish(request);
    append(event);
    g.deliver(waits[event], appended(static_cast<Offset>(log.size()) - 1, epoch));
  }
  void consume(bool commits) {
    for (; position < log.size(); ++position) processed.insert(log[position]);
    if (commits && position <= log.size()) g.commit("views", 0, static_cast<Offset>(position));
  }
  // The client may notice, be put at the end or the start of what is there, or go on blindly.
  // Returns whether others' records are lost: an append of ours below those shows nothing.
  bool cut(int records, int client) {
    const auto lost = std::min(static_cast<std::size_t>(records), log.size() - static_cast<std::size_t>(kEnd));
    const auto kept = log.end() - static_cast<std::ptrdiff_t>(lost);
    const bool of_others = std::find(kept, log.end(), kOther) != log.end();
    log.erase(kept, log.end());
    epochs.resize(log.size());
    ++epoch;
    if (client == 0 || client == 1) position = std::min(position, log.size());
    if (client == 2 && position > log.size()) position = static_cast<std::size_t>(kEnd) - 1;
    return of_others;
  }
  void hear_of_leader() {
    if (std::exchange(told_epoch, epoch) == epoch) return;
    g.asked();
    g.tell(kNoOffset, epoch, 0);
    for (auto asks = g.asked(); !asks.empty(); asks = g.asked())
      for (const AskEnds& ask : asks) {
        const auto ended = std::upper_bound(epochs.begin(), epochs.end(), ask.epoch) - epochs.begin();
        g.tell(static_cast<Offset>(log.size()), epoch, ask.number, ask.epoch, ask.epoch < 0 ? kNoOffset : ended);
      }
    for (const Look& look : std::exchange(g.effects.looks, {})) {
      const auto at = static_cast<std::size_t>(look.from);
      const bool there = at < log.size() && log[at] != kOther && id_of(log[at]) == look.id;
      Sight seen;
      seen.number = look.number;
      seen.result = there ? Sight::Result::found : Sight::Result::none;
      seen.offset = look.from;
      g.sight(seen);
    }
  }
  // Others' records cover the cut, and only then the new leader is heard of.
  void cut_and_cover(int records, int client) {
    cut(records, client);
    for (int i = 0; i < 3; ++i) append(kOther);
    hear_of_leader();
  }
};

RC_GTEST_PROP(EngineCut, P1NothingIsProcessedThatWasNot, ()) {
  CutWorld world;
  const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 9), rc::gen::inRange(0, 4)));
  for (const auto& [what, how] : steps) {
    if (what < 3) world.publish();
    if (what == 3 || what == 4) world.consume(true);
    if (what == 5) world.consume(false);
    if (what == 6 && world.cut(how + 1, how)) world.hear_of_leader();
    if (what == 7) world.hear_of_leader();
    if (what == 8) world.cut_and_cover(how + 1, how);
  }
  // Two steps of the consumer later all is as ever.
  world.hear_of_leader();
  world.position = std::min(world.position, world.log.size());
  world.publish();
  world.consume(true);
  world.publish();
  world.consume(true);
  RC_ASSERT(world.g.outcome(world.waits.rbegin()->second).outcome == Outcome::processed);
  for (const auto& [event, wait] : world.waits) {
    if (!world.g.answered(wait)) continue;
    const Outcome outcome = world.g.outcome(wait).outcome;
    RC_ASSERT(outcome != Outcome::processed || world.processed.contains(event));
    const bool there = std::find(world.log.begin(), world.log.end(), event) != world.log.end();
    RC_ASSERT(outcome != Outcome::skipped || !there);
  }
}

}  // namespace
}  // namespace tidemark::core
