#include "kafka/commit_tail.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "kafka/test_batches.h"

namespace tidemark::kafka {
namespace {

using test::marker;
using test::plain;
using test::transactional;

// Everything the tail says, as lines.
struct Said : TailSink {
  std::vector<std::string> lines;
  void on_commit(const core::Commit& commit) override {
    std::string line = std::string(commit.group) + " " + std::string(commit.topic) + "/" +
                       std::to_string(commit.partition) + "=" + std::to_string(commit.offset) + " at " +
                       std::to_string(commit.at.partition) + ":" + std::to_string(commit.at.offset);
    if (commit.settled_at != commit.at.offset) line += " settled " + std::to_string(commit.settled_at);
    lines.push_back(line);
  }
  void on_classic_group(const ClassicGroup& group, core::LogPoint at) override {
    lines.push_back("group " + group.group + " members " + std::to_string(group.members) + " at " +
                    std::to_string(at.offset));
  }
  void on_group_changed(const GroupChanged& change, core::LogPoint at) override {
    const bool member = change.shows == GroupChanged::Shows::member_comes;
    lines.push_back((change.share ? "share changed " : "changed ") + change.group +
                    (member ? ", member at " + std::to_string(at.offset) : ""));
  }
  void on_group_doubtful(std::string_view group, core::LogPoint version) override {
    lines.push_back("doubtful " + std::string(group) + " at " + std::to_string(version.offset));
  }
};

using Lines = std::vector<std::string>;

TEST(CommitTail, DeliversPlainCommitsAtOnceInOrder) {
  CommitTail tail(7, 0);
  Said said;
  EXPECT_TRUE(tail.read(plain(0, "a", 10) + plain(1, "b", 20) + plain(2, "a", 11), said));
  EXPECT_EQ(said.lines, (Lines{"a orders/0=10 at 7:0", "b orders/0=20 at 7:1", "a orders/0=11 at 7:2"}));
  EXPECT_EQ(tail.position(), 3);
}

TEST(CommitTail, HoldsATransactionUntilItsMarkerAndDeliversItAtItsOwnPosition) {
  CommitTail tail(0, 0);
  Said said;
  tail.read(transactional(0, "a", 10, 1) + transactional(1, "a", 11, 1), said);
  EXPECT_TRUE(said.lines.empty());
  EXPECT_EQ(tail.held_records(), 2U);
  EXPECT_EQ(tail.position(), 2);
  tail.read(marker(2, true, 1), said);
  EXPECT_EQ(said.lines, (Lines{"a orders/0=10 at 0:0 settled 2", "a orders/0=11 at 0:1 settled 2"}));
  EXPECT_EQ(tail.held_records(), 0U);
}

TEST(CommitTail, DropsAnAbortedTransaction) {
  CommitTail tail(0, 0);
  Said said;
  tail.read(transactional(0, "a", 10, 1) + marker(1, false, 1) + plain(2, "a", 5), said);
  EXPECT_EQ(said.lines, (Lines{"a orders/0=5 at 0:2"}));
  EXPECT_EQ(tail.counters().aborted, 1U);
  EXPECT_EQ(tail.open_transactions(), 0U);
}

TEST(CommitTail, AHungTransactionDelaysNoOther) {
  CommitTail tail(0, 0);
  Said said;
  tail.read(transactional(0, "hung", 1, 1), said);
  tail.read(transactional(1, "other", 2, 2) + plain(2, "free", 3) + marker(3, true, 2), said);
  EXPECT_EQ(said.lines, (Lines{"free orders/0=3 at 0:2", "other orders/0=2 at 0:1 settled 3"}));
}

TEST(CommitTail, AMarkerSettlesOnlyItsOwnProducer) {
  CommitTail tail(0, 0);
  Said said;
  tail.read(transactional(0, "a", 1, 1) + transactional(1, "b", 2, 2) + marker(2, false, 1) + marker(3, true, 3) +
                marker(4, true, 2),
            said);
  EXPECT_EQ(said.lines, (Lines{"b orders/0=2 at 0:1 settled 4"}));
}

TEST(CommitTail, TheMarkersEpochMayRiseButNotFall) {
  CommitTail tail(0, 0);
  Said said;
  tail.read(transactional(0, "a", 1, 1, 5) + marker(1, true, 1, 4), said);
  EXPECT_TRUE(said.lines.empty());
  EXPECT_EQ(tail.counters().fenced, 1U);
  tail.read(marker(2, true, 1, 6), said);
  EXPECT_EQ(said.lines, (Lines{"a orders/0=1 at 0:0 settled 2"}));
}

TEST(CommitTail, AFencedProducersRecordsAreAbortedByTheBumpedMarker) {
  CommitTail tail(0, 0);
  Said said;
  tail.read(transactional(0, "a", 1, 1, 5) + marker(1, false, 1, 6) + transactional(2, "a", 2, 1, 6) +
                marker(3, true, 1, 6),
            said);
  EXPECT_EQ(said.lines, (Lines{"a orders/0=2 at 0:2 settled 3"}));
}

TEST(CommitTail, ATransactionThatLacksItsMarkerMakesItsGroupsDoubtful) {
  CommitTail tail(0, 10);
  Said said;
  tail.read(transactional(10, "a", 1, 1, 5) + transactional(11, "b", 2, 1, 6), said);
  EXPECT_EQ(said.lines, (Lines{"doubtful a at 10"}));
  tail.read(transactional(12, "a", 7, 1, 5) + marker(13, true, 1, 6), said);
  EXPECT_EQ(said.lines, (Lines{"doubtful a at 10", "b orders/0=2 at 0:11 settled 13"}));
  EXPECT_EQ(tail.counters().fenced, 2U);
}

TEST(CommitTail, WhatIsReadAgainIsNotDeliveredAgain) {
  CommitTail tail(0, 0);
  Said said;
  const std::string first = plain(0, "a", 10) + transactional(1, "b", 1, 1);
  tail.read(first, said);
  tail.read(first + marker(2, true, 1), said);
  tail.read(first + marker(2, true, 1) + plain(3, "a", 11), said);
  EXPECT_EQ(said.lines,
            (Lines{"a orders/0=10 at 0:0", "b orders/0=1 at 0:1 settled 2", "a orders/0=11 at 0:3"}));
}

TEST(CommitTail, AFetchMayBeginInTheMiddleOfABatch) {
  CommitTail tail(0, 6);
  Said said;
  tail.read(test::encode({.base_offset = 5,
                          .records = {test::commit_record(5, "a", 1), test::commit_record(6, "a", 2),
                                      test::commit_record(7, "a", 3)}}),
            said);
  EXPECT_EQ(said.lines, (Lines{"a orders/0=2 at 0:6", "a orders/0=3 at 0:7"}));
  EXPECT_EQ(tail.position(), 8);
}

TEST(CommitTail, CompactionLeavesGapsAndEmptyBatches) {
  CommitTail tail(0, 0);
  Said said;
  tail.read(test::encode({.base_offset = 0, .records = {test::commit_record(3, "a", 1)}, .last_offset = 9}) +
                test::encode({.base_offset = 40, .records = {}, .last_offset = 49}) + plain(60, "a", 2),
            said);
  EXPECT_EQ(said.lines, (Lines{"a orders/0=1 at 0:3", "a orders/0=2 at 0:60"}));
  EXPECT_EQ(tail.position(), 61);
}

TEST(CommitTail, ACutBatchIsFetchedAgainFromItsBeginning) {
  CommitTail tail(0, 0);
  Said said;
  const std::string second = plain(1, "a", 2);
  EXPECT_TRUE(tail.read(plain(0, "a", 1) + second.substr(0, second.size() - 1), said));
  EXPECT_EQ(tail.position(), 1);
  EXPECT_TRUE(tail.read(second, said));
  EXPECT_EQ(said.lines, (Lines{"a orders/0=1 at 0:0", "a orders/0=2 at 0:1"}));
  EXPECT_FALSE(tail.blinded());
}

TEST(CommitTail, TombstonesSayThatTheRowIsGone) {
  CommitTail tail(0, 0);
  Said said;
  tail.read(test::encode({.base_offset = 0, .records = {{0, test::commit_key("a", "orders", 2), std::nullopt}}}), said);
  EXPECT_EQ(said.lines, (Lines{"a orders/2=-1 at 0:0"}));
}

TEST(CommitTail, GroupsAndCommitsKeepTheirOrder) {
  wire::Writer key;
  key.int16(2);
  key.string("a");
  wire::msg::GroupMetadataValue value;
  value.protocol_type = "consumer";
  value.members.resize(1);
  wire::Writer bytes;
  bytes.int16(3);
  value.encode(bytes, 3);
  wire::Writer changed;
  changed.int16(3);
  changed.string("b");
  CommitTail tail(0, 0);
  Said said;
  tail.read(plain(0, "a", 1) +
                test::encode({.base_offset = 1, .records = {{1, key.take(), bytes.take()}, {2, changed.take(), "x"}}}) +
                plain(3, "a", 2),
            said);
  EXPECT_EQ(said.lines, (Lines{"a orders/0=1 at 0:0", "group a members 1 at 1", "changed b", "a orders/0=2 at 0:3"}));
}

TEST(CommitTail, ACommitThatCannotBeReadMakesItsGroupDoubtful) {
  CommitTail tail(0, 0);
  Said said;
  wire::Writer future;
  future.int16(9);
  future.raw("whatever");
  const test::LogRecord record{0, test::commit_key("a", "orders", 0), future.str()};
  tail.read(test::encode({.base_offset = 0, .records = {record}}), said);
  test::LogBatch held{.base_offset = 1, .records = {record}, .producer_id = 1, .producer_epoch = 0,
                      .attributes = wire::kTransactionalBit};
  held.records[0].offset = 1;
  tail.read(test::encode(held), said);
  EXPECT_EQ(said.lines, (Lines{"doubtful a at 0"}));
  tail.read(marker(2, true, 1), said);
  EXPECT_EQ(said.lines, (Lines{"doubtful a at 0", "doubtful a at 2"}));
  EXPECT_FALSE(tail.blinded());
}

TEST(CommitTail, ATransactionThatDoesNotFitMakesItsGroupsDoubtfulOnlyWhenItCommits) {
  CommitTail tail(0, 0, {.held_bytes = 600});
  Said said;
  tail.read(transactional(0, "fits", 1, 1) + transactional(1, "fits", 2, 1), said);
  tail.read(transactional(2, "big", 1, 2) + transactional(3, "big", 2, 2) + transactional(4, "lost", 9, 3), said);
  EXPECT_EQ(tail.counters().held_overflows, 3U);
  tail.read(marker(5, true, 2) + marker(6, false, 3), said);
  EXPECT_EQ(said.lines, (Lines{"doubtful big at 5"}));
  tail.read(marker(7, true, 1) + transactional(8, "big", 3, 2) + marker(9, true, 2), said);
  EXPECT_EQ(said.lines, (Lines{"doubtful big at 5", "fits orders/0=1 at 0:0 settled 7",
                               "fits orders/0=2 at 0:1 settled 7", "big orders/0=3 at 0:8 settled 9"}));
  EXPECT_FALSE(tail.blinded());
}

TEST(CommitTail, TooManyGroupsInOpenTransactionsBlindIt) {
  CommitTail tail(0, 0, {.held_bytes = 0, .named_bytes = 200});
  Said said;
  tail.read(transactional(0, "a", 1, 1) + transactional(1, "b", 1, 2), said);
  EXPECT_FALSE(tail.blinded());
  tail.read(transactional(2, "c", 1, 3), said);
  EXPECT_TRUE(tail.blinded());
}

TEST(CommitTail, ReadsCompressedBatches) {
  CommitTail tail(0, 0);
  Said said;
  EXPECT_TRUE(tail.read(test::encode({.base_offset = 0,
                                      .records = {test::commit_record(0, "a", 1), test::commit_record(1, "a", 2)},
                                      .packed = true}) +
                            plain(2, "b", 1),
                        said));
  EXPECT_EQ(said.lines, (Lines{"a orders/0=1 at 0:0", "a orders/0=2 at 0:1", "b orders/0=1 at 0:2"}));
  EXPECT_FALSE(tail.blinded());
}

TEST(CommitTail, ABatchThatCannotBeUnpackedBlindsButDoesNotStop) {
  CommitTail tail(0, 0);
  Said said;
  EXPECT_TRUE(tail.read(test::encode({.base_offset = 0,
                                      .records = {test::commit_record(0, "a", 1), test::commit_record(1, "a", 2)},
                                      .attributes = 4}) +
                            plain(2, "b", 1),
                        said));
  EXPECT_EQ(said.lines, (Lines{"b orders/0=1 at 0:2"}));
  EXPECT_EQ(tail.blinded_why(), "the batch at 0 is compressed, and damaged");
  EXPECT_EQ(tail.position(), 3);
}

TEST(CommitTail, AnOldFormatBlindsButDoesNotStop) {
  std::string old = plain(0, "a", 1);
  old[wire::layout::kMagic] = 1;
  CommitTail tail(0, 0);
  Said said;
  EXPECT_TRUE(tail.read(old + plain(1, "b", 1), said));
  EXPECT_EQ(said.lines, (Lines{"b orders/0=1 at 0:1"}));
  EXPECT_TRUE(tail.blinded());
}

TEST(CommitTail, CorruptBytesAreReadAgainBeforeTheyBlind) {
  std::string corrupt = plain(1, "a", 2);
  corrupt.back() = static_cast<char>(corrupt.back() ^ 1);
  CommitTail tail(0, 0, {.corrupt_reads = 3});
  Said said;
  EXPECT_FALSE(tail.read(plain(0, "a", 1) + corrupt, said));
  EXPECT_EQ(tail.position(), 1);
  EXPECT_FALSE(tail.read(corrupt, said));
  EXPECT_FALSE(tail.blinded());
  EXPECT_TRUE(tail.read(plain(1, "a", 2), said));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(tail.read(corrupt + corrupt, said));
  EXPECT_TRUE(tail.blinded());
  EXPECT_EQ(said.lines, (Lines{"a orders/0=1 at 0:0", "a orders/0=2 at 0:1"}));
}

TEST(CommitTail, RestartForgetsWhatIsHeld) {
  CommitTail tail(0, 0);
  Said said;
  tail.read(transactional(0, "a", 1, 1), said);
  tail.restart(50);
  EXPECT_EQ(tail.position(), 50);
  EXPECT_EQ(tail.held_records(), 0U);
  tail.read(marker(50, true, 1) + plain(51, "a", 2), said);
  EXPECT_EQ(said.lines, (Lines{"a orders/0=2 at 0:51"}));
}

TEST(CommitTail, SurvivesAnyBytes) {
  std::mt19937_64 random(7);
  const std::string good = plain(0, "a", 1) + transactional(1, "b", 2, 1) + marker(2, true, 1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    const auto changes = 1 + random() % 4;
    for (std::uint64_t i = 0; i < changes; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    CommitTail tail(0, static_cast<core::Offset>(random() % 3));
    Said said;
    const core::Offset before = tail.position();
    tail.read(bytes, said);
    EXPECT_GE(tail.position(), before);
    EXPECT_LE(said.lines.size(), 2U);
  }
}

// A model that sees the whole log at once: what a producer's marker says of each
// record is looked up, nothing is held.
struct Entry {
  core::Offset at;
  enum class Kind { plain, transactional, commit, abort } kind;
  std::int64_t producer;
  std::string group;
  core::Offset committed;
};

Lines model(const std::vector<Entry>& log) {
  Lines lines;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const Entry& entry = log[i];
    if (entry.kind == Entry::Kind::plain) {
      lines.push_back(entry.group + " orders/0=" + std::to_string(entry.committed) + " at 0:" +
                      std::to_string(entry.at));
    }
    if (entry.kind != Entry::Kind::commit) continue;
    std::size_t begin = i;
    const auto ends_one_before = [&](const Entry& other) {
      return other.producer == entry.producer && other.kind != Entry::Kind::transactional;
    };
    while (begin > 0 && !ends_one_before(log[begin - 1])) --begin;
    for (std::size_t j = begin; j < i; ++j) {
      if (log[j].producer != entry.producer) continue;
      lines.push_back(log[j].group + " orders/0=" + std::to_string(log[j].committed) + " at 0:" +
                      std::to_string(log[j].at) + " settled " + std::to_string(entry.at));
    }
  }
  return lines;
}

TEST(CommitTail, AgreesWithAModelOnRandomInterleavingsReadInRandomPieces) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Entry> log;
    std::vector<std::string> bytes;
    core::Offset at = 0;
    for (int i = 0; i < 60; ++i) {
      at += 1 + static_cast<core::Offset>(random() % 3);
      Entry entry{at, Entry::Kind::plain, -1, "g" + std::to_string(random() % 3), static_cast<core::Offset>(i)};
      switch (random() % 5) {
        case 0:
        case 1:
          bytes.push_back(plain(at, entry.group, entry.committed));
          break;
        case 2:
        case 3:
          entry.kind = Entry::Kind::transactional;
          entry.producer = static_cast<std::int64_t>(random() % 4);
          bytes.push_back(transactional(at, entry.group, entry.committed, entry.producer));
          break;
        default:
          entry.kind = random() % 2 == 0 ? Entry::Kind::commit : Entry::Kind::abort;
          entry.producer = static_cast<std::int64_t>(random() % 4);
          bytes.push_back(marker(at, entry.kind == Entry::Kind::commit, entry.producer));
      }
      log.push_back(entry);
    }
    CommitTail tail(0, 0);
    Said said;
    std::size_t next = 0;
    while (next < bytes.size()) {
      // As a fetch after a leader move: from somewhere before, to somewhere after.
      std::size_t from = next - std::min<std::size_t>(next, random() % 4);
      const std::size_t to = std::min(bytes.size(), next + random() % 5);
      std::string piece;
      for (; from < to; ++from) piece += bytes[from];
      ASSERT_TRUE(tail.read(piece, said));
      next = to;
      ASSERT_EQ(tail.position(), next == 0 ? 0 : log[next - 1].at + 1);
    }
    ASSERT_EQ(said.lines, model(log)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tidemark::kafka
