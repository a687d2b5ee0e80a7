#include "core/consumers.h"

#include <gtest/gtest.h>

#include <memory>

namespace tidemark::core {
namespace {

const Time kNow = Time{} + std::chrono::hours(1);

struct Tables {
  Topics topics;
  Consumers consumers{10, 10};
  ConsumerNumber views = *consumers.add("views");
  TopicNumber orders = *topics.find_or_add("orders");

  bool update(int members, LogPoint at, const std::vector<std::string>& names = {"orders"}, bool exists = true) {
    GroupState state;
    state.group = "views";
    state.exists = exists;
    state.managed = exists;
    state.members = members;
    state.topics_known = !names.empty();
    state.topics = names;
    state.at = at;
    return consumers.update(views, state, topics, true, kNow);
  }
  bool answer(int members, std::vector<Offset> as_of, bool exists = true) {
    GroupState state;
    state.group = "views";
    state.exists = exists;
    state.managed = exists;
    state.members = members;
    state.as_of = std::make_shared<const std::vector<Offset>>(std::move(as_of));
    return consumers.update(views, state, topics, true, kNow);
  }
  bool answer_of(const std::vector<std::string>& ids, std::vector<Offset> as_of) {
    GroupState state;
    state.group = "views";
    state.managed = true;
    state.members = static_cast<int>(ids.size());
    state.ids_known = true;
    state.ids = ids;
    state.as_of = std::make_shared<const std::vector<Offset>>(std::move(as_of));
    return consumers.update(views, state, topics, true, kNow);
  }
  using Shows = GroupChange::Shows;
  void shows_member(LogPoint at, std::string_view id = "m", bool first = false) {
    consumers.change(views, {"views", Shows::member_comes, id, first, at});
  }
  void shows_gone(LogPoint at, std::string_view id = "m") { consumers.change(views, {"views", Shows::member_goes, id, false, at}); }
  void ends(LogPoint at) { consumers.change(views, {"views", Shows::no_more, {}, false, at}); }
  Consumer& consumer() { return consumers[views]; }
};

TEST(Consumers, P7TheTablesAreBounded) {
  Topics topics;
  Consumers consumers(1, 2);
  const TopicNumber orders = *topics.find_or_add("orders");
  const auto views = consumers.add("views");
  ASSERT_TRUE(views.has_value());
  EXPECT_FALSE(consumers.add("search").has_value());
  EXPECT_EQ(consumers.find("search"), std::nullopt);
  EXPECT_NE(consumers.cell_or_add(*views, orders, 0, topics), nullptr);
  EXPECT_NE(consumers.cell_or_add(*views, orders, 1, topics), nullptr);
  EXPECT_EQ(consumers.cell_or_add(*views, orders, 2, topics), nullptr);
  EXPECT_NE(consumers.cell_or_add(*views, orders, 1, topics), nullptr) << "the one there is";
  consumers.remove_cell(*views, Consumer::key(orders, 0));
  EXPECT_EQ(consumers.frontiers(), 1U);
  EXPECT_NE(consumers.cell_or_add(*views, orders, 2, topics), nullptr);
}

TEST(Consumers, AKeyNamesATopicAndAPartition) {
  for (const TopicNumber topic : {0U, 7U, 0xffffffffU})
    for (const Partition partition : {0, 1, INT32_MAX}) {
      EXPECT_EQ(Consumer::topic_of(Consumer::key(topic, partition)), topic);
      EXPECT_EQ(Consumer::partition_of(Consumer::key(topic, partition)), partition);
    }
}

TEST(Consumers, P10ACellAloneIsNotACommit) {
  Tables t;
  Cell* first = t.consumers.cell_or_add(t.views, t.orders, 0, t.topics);
  Cell* second = t.consumers.cell_or_add(t.views, t.orders, 1, t.topics);
  EXPECT_FALSE(t.consumer().commits(t.orders));
  t.consumers.note_row(t.views, t.orders, *first, true);
  t.consumers.note_row(t.views, t.orders, *first, true);
  t.consumers.note_row(t.views, t.orders, *second, true);
  EXPECT_TRUE(t.consumer().commits(t.orders));
  t.consumers.note_row(t.views, t.orders, *first, false);
  EXPECT_TRUE(t.consumer().commits(t.orders));
  t.consumers.remove_cell(t.views, Consumer::key(t.orders, 1));
  EXPECT_FALSE(t.consumer().commits(t.orders));
  t.consumers.remove_cell(t.views, Consumer::key(t.orders, 1));
  EXPECT_EQ(t.consumers.frontiers(), 1U);
}

TEST(Consumers, MembershipFollowsTheRecordsInOrder) {
  Tables t;
  EXPECT_TRUE(t.update(2, {0, 10}));
  EXPECT_TRUE(t.consumer().subscribes(t.orders));
  EXPECT_FALSE(t.update(0, {0, 10}));
  EXPECT_FALSE(t.update(0, {0, 9}));
  EXPECT_EQ(t.consumer().members, 2);
  EXPECT_TRUE(t.update(0, {0, 11}, {}));
  EXPECT_TRUE(t.consumer().is_empty_group());
  EXPECT_TRUE(t.consumer().subscribes(t.orders)) << "what it read is remembered";
  EXPECT_EQ(t.consumer().last_sign, kNow);
  EXPECT_EQ(t.topics[t.orders].consumers, std::vector<ConsumerNumber>{t.views});
}

TEST(Consumers, P6AnswersAndRecordsAreOrderedByTheTailsPositions) {
  Tables t;
  EXPECT_TRUE(t.answer(1, {100, 50}));
  EXPECT_FALSE(t.answer(5, {90, 50})) << "asked earlier";
  EXPECT_FALSE(t.update(5, {0, 99})) << "the answer contains it";
  EXPECT_TRUE(t.update(2, {0, 100}));
  EXPECT_FALSE(t.answer(5, {100, 60})) << "does not contain the record";
  EXPECT_TRUE(t.answer(3, {101, 60}));
  EXPECT_EQ(t.consumer().members, 3);
}

TEST(Consumers, ADeletedGroupHasNoMembersAndIsNotManaged) {
  Tables t;
  t.update(2, {0, 10});
  t.update(0, {0, 11}, {}, false);
  EXPECT_EQ(t.consumer().members, 0);
  EXPECT_FALSE(t.consumer().is_empty_group()) << "what commits under its name now is an assign-only client";
}

TEST(Consumers, OnlyWhatIsFoundWithoutMembersIsDormant) {
  Tables found;
  found.answer(0, {100});
  EXPECT_TRUE(found.consumer().dormant);
  found.answer(1, {101});
  EXPECT_FALSE(found.consumer().dormant);
  found.answer(0, {102});
  EXPECT_FALSE(found.consumer().dormant) << "it was seen alive";
  Tables read;
  read.update(0, {0, 5});
  EXPECT_FALSE(read.consumer().dormant);
}

// Found by the simulator: members came back after a reset that the tail had yet to show.
TEST(Consumers, P1AnAnswerOfALaterMomentDoesNotHideAReset) {
  Tables t;
  t.update(1, {0, 10});
  t.update(0, {0, 20});
  t.answer(3, {21});
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 25})) << "the tail showed it empty, and has not shown it joined";
  t.update(3, {0, 30});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 31}));
}

TEST(Consumers, P1ACommitIsByHandOnlyIfTheGroupWasEmptyByThen) {
  Tables t;
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 5})) << "assign-only clients never have members";
  t.update(1, {0, 10});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 11}));
  t.update(0, {0, 20});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 15})) << "written while it had members";
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 21}));

  Tables asked;
  asked.answer(0, {100});
  EXPECT_FALSE(asked.consumer().moved_by_hand({0, 99}));
  EXPECT_TRUE(asked.consumer().moved_by_hand({0, 100}));
  EXPECT_TRUE(asked.consumer().moved_by_hand({7, 1})) << "a partition that the answer does not reach";
}

// Found by tests/failures: of a KIP-848 group, which only answers tell of, all that it committed after it had once
// been empty was taken for resets, and every event `skipped`.
TEST(Consumers, WhoCameBackCommitsForItselfAgain) {
  Tables t;
  t.answer(1, {10});
  t.answer(0, {20});
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 22}));
  t.shows_member({0, 27});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 28})) << "before any answer";
  t.answer(1, {30});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 30}));
  t.answer(0, {40});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 35})) << "it left later";
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 40}));
  t.shows_member({0, 45});
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 44}));
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 46}));
  t.answer(1, {47});
  t.answer(0, {50});
  t.answer(1, {60});
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 55})) << "empty once more, and read late";
}

TEST(Consumers, P1AMemberThatIsReadLateDoesNotHideThatTheGroupWasFoundEmptySince) {
  Tables t;
  t.answer(1, {10});
  t.answer(0, {50});
  t.answer(1, {60});
  t.shows_member({0, 45});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 49}));
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 52}));
}

// Found by the simulator: a tail that lagged had yet to show a reset when members were answered.
TEST(Consumers, P1MembersThatAreAnsweredSayNothingOfACommitBeforeTheyJoined) {
  Tables t;
  t.answer(1, {10});
  t.answer(0, {20});
  t.answer(1, {30});
  t.answer(2, {30});
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 33})) << "nobody is shown to have joined by then";
  t.shows_member({0, 35});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 36}));
}

TEST(Consumers, AGroupThatChangesItsProtocolIsNotEmptyForGood) {
  Tables t;
  t.update(1, {0, 10});
  t.update(0, {0, 20});
  t.ends({0, 25});
  t.shows_member({0, 26});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 27}));
  t.answer(1, {30});
  t.shows_gone({0, 39});
  t.answer(0, {40});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 39}));
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 40})) << "in the order of the records, whatever was answered";
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 41}));
  t.update(1, {0, 50});
  t.shows_member({0, 45});
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 51}));
  t.update(0, {0, 60});
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 61})) << "what was read again changes nothing";
}

// Found by the simulator: until the group was asked for, some 100 ms later, a reset passed for progress.
TEST(Consumers, P1APositionThatIsMovedAsSoonAsTheLastMemberLeftWasMovedByHand) {
  Tables t;
  t.answer_of({"a", "b"}, {10});
  t.shows_gone({0, 12}, "a");
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 13})) << "b is there";
  t.shows_gone({0, 14}, "b");
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 13}));
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 15}));
  t.shows_member({0, 16}, "c");
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 17}));
}

TEST(Consumers, AGroupThatWasNotThereIsFollowedFromItsFirstMember) {
  Tables t;
  t.shows_member({0, 10}, "a", true);
  t.shows_gone({0, 14}, "a");
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 13}));
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 15}));
  Tables late;
  late.shows_member({0, 10}, "a");
  late.shows_gone({0, 14}, "a");
  EXPECT_FALSE(late.consumer().moved_by_hand({0, 15})) << "another may be there";
}

TEST(Consumers, WhoCommitsUnderTheNameOfADeletedGroupIsNotTakenForAHand) {
  Tables t;
  t.update(1, {0, 10});
  t.update(0, {0, 20});
  t.ends({0, 25});
  EXPECT_TRUE(t.consumer().moved_by_hand({0, 26})) << "until it is sure that there is no such group";
  t.answer(0, {27}, false);
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 28}));
  t.consumers.caught_up();
  EXPECT_FALSE(t.consumer().moved_by_hand({0, 28}));
}

}  // namespace
}  // namespace tidemark::core
