// Appends in doubt, looked for when their mark is resumed (engine_resume.cpp, P5).
#include <gtest/gtest.h>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A publish of unknown fate whose event can be in partition 1 from 10 on.
Mark mark_in_doubt(Gateway& g) {
  const WaitId publish = g.publish();
  Delivery unknown;
  unknown.partition = 1;
  unknown.offset = 10;
  g.deliver(publish, unknown);
  return g.answer(publish).mark;
}

Sight seen(const Look& look, Sight::Result result, Offset offset = kNoOffset, Offset until = kNoOffset) {
  Sight sight;
  sight.number = look.number;
  sight.result = result;
  sight.offset = offset;
  sight.until = until;
  return sight;
}

TEST(EnginePending, P5AnEventThatIsFoundIsAppendedAndWaitedFor) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 1, 9);
  const WaitId wait = g.resume(mark_in_doubt(g));
  ASSERT_EQ(g.effects.looks.size(), 1U);
  const Look look = g.effects.looks[0];
  EXPECT_EQ(look.topic, "orders");
  EXPECT_EQ(look.partition, 1);
  EXPECT_EQ(look.from, 10);
  EXPECT_TRUE(look.id.has_value());
  g.sight(seen(look, Sight::Result::found, 12));
  EXPECT_FALSE(g.answered(wait)) << "appended, and nobody has processed it";
  g.commit("views", 1, 13);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(g.answer(wait).fate, Delivery::Fate::appended);
  EXPECT_EQ(g.answer(wait).positions[0].offset, 12);
  EXPECT_EQ(g.answer(wait).mark.terms[0].kind, Term::Kind::event);
}

// Found by the simulator, seed 739: the log was cut off between the mark's making and the append.
TEST(EnginePending, AnAnchorAboveWhereItIsFoundGoes) {
  Gateway g;
  g.start();
  g.members("views", 1);
  Mark mark = mark_in_doubt(g);
  mark.terms.at(0).expected = {{"views", ExpectedBy::observed, {}}};
  mark.terms[0].expected[0].anchor.committed = 10;
  const WaitId wait = g.resume(mark);
  g.sight(seen(g.effects.looks.at(0), Sight::Result::found, 8));
  g.advance(seconds(2));
  EXPECT_EQ(g.answer(wait).mark.terms.at(0).last, 8);
  EXPECT_FALSE(g.answer(wait).mark.terms[0].expected.at(0).anchor.known());
}

TEST(EnginePending, P5NotFoundProvesNothingAndIsLookedForAgain) {
  Gateway g;
  g.start();
  const WaitId wait = g.resume(mark_in_doubt(g));
  const Look first = g.effects.looks.at(0);
  g.effects.looks.clear();
  g.sight(seen(first, Sight::Result::none, kNoOffset, 15));
  EXPECT_FALSE(g.answered(wait));
  g.advance(milliseconds(100));
  ASSERT_EQ(g.effects.looks.size(), 1U);
  EXPECT_EQ(g.effects.looks[0].from, 15) << "what was read is not read again";
  g.advance(seconds(60));
  EXPECT_EQ(g.answer(wait).fate, Delivery::Fate::unknown);
  EXPECT_FALSE(g.answer(wait).settled);
  EXPECT_FALSE(g.answer(wait).all_processed());
}

TEST(EnginePending, P5ALookThatCannotBeMadeLeavesItUnknown) {
  EngineConfig config;
  config.wait_for["orders"] = {};
  Gateway g(config);
  g.start();
  const WaitId wait = g.resume(mark_in_doubt(g));
  g.sight(seen(g.effects.looks.at(0), Sight::Result::failed));
  EXPECT_EQ(g.answer(wait).fate, Delivery::Fate::unknown) << "there is nothing more to wait for";
}

TEST(EnginePending, ALookWithoutWaitingLooksOnce) {
  EngineConfig config;
  config.wait_for["orders"] = {};
  Gateway g(config);
  g.start();
  ResumeRequest request = g.resumption(mark_in_doubt(g));
  request.wait = false;
  const WaitId wait = g.resume(request);
  EXPECT_FALSE(g.answered(wait));
  g.sight(seen(g.effects.looks.at(0), Sight::Result::found, 11));
  EXPECT_TRUE(g.answer(wait).all_processed()) << "nobody is waited for";
}

TEST(EnginePending, P7AnAnsweredWaitLooksNoMore) {
  Gateway g;
  g.start();
  const WaitId wait = g.resume(mark_in_doubt(g));
  const Look look = g.effects.looks.at(0);
  g.cancel(wait);
  g.effects.looks.clear();
  g.sight(seen(look, Sight::Result::none, kNoOffset, 15));
  g.advance(seconds(1));
  EXPECT_TRUE(g.effects.looks.empty());
}

}  // namespace
}  // namespace tidemark::core
