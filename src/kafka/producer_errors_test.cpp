// Each error code that a Produce response can carry: what it does to a batch
// that nothing was in doubt of, and to one that was. Covers produce_answers.cpp.
#include <gtest/gtest.h>

#include "kafka/producer_scene_test.h"

namespace tidemark::kafka::test {
namespace {

// What the producer did with a batch {"a", "b"} after an answer.
enum class Did {
  requeued,      // certain; the records go again, with what came meanwhile
  resent,        // in doubt; the same bytes again
  halved,        // certain; fewer records
  not_appended,  // ended
  unknown,       // ended
  appended,
};

std::ostream& operator<<(std::ostream& out, Did did) {
  constexpr const char* kNames[] = {"requeued", "resent", "halved", "not_appended", "unknown", "appended"};
  return out << kNames[static_cast<int>(did)];
}

struct Case {
  ErrorCode code;
  Did first;     // when it answers the first attempt
  Did in_doubt;  // when an earlier attempt got no answer
  Reason reason = Reason::none;  // of an event that ended
  bool new_id_first = false;
  bool new_id_in_doubt = false;
  bool refresh = false;
};

constexpr Case resend(ErrorCode code, Did first, bool refresh) {
  return {.code = code, .first = first, .in_doubt = Did::resent, .refresh = refresh};
}
constexpr Case final(ErrorCode code, Did first, Reason reason) {
  return {.code = code, .first = first, .in_doubt = Did::unknown, .reason = reason, .new_id_in_doubt = true};
}

const Case kCases[] = {
    {.code = ErrorCode::none, .first = Did::appended, .in_doubt = Did::appended},
    resend(ErrorCode::not_leader_or_follower, Did::requeued, true),
    resend(ErrorCode::leader_not_available, Did::requeued, true),
    resend(ErrorCode::fenced_leader_epoch, Did::resent, true),
    resend(ErrorCode::unknown_leader_epoch, Did::resent, true),
    resend(ErrorCode::unknown_topic_or_partition, Did::requeued, true),
    resend(ErrorCode::unknown_topic_id, Did::requeued, true),
    resend(ErrorCode::inconsistent_topic_id, Did::requeued, true),
    resend(ErrorCode::request_timed_out, Did::resent, false),
    resend(ErrorCode::not_enough_replicas, Did::requeued, false),
    resend(ErrorCode::not_enough_replicas_after_append, Did::resent, false),
    resend(ErrorCode::kafka_storage_error, Did::resent, true),
    resend(ErrorCode::corrupt_message, Did::requeued, false),
    final(ErrorCode::message_too_large, Did::halved, Reason::too_large),
    final(ErrorCode::record_list_too_large, Did::halved, Reason::too_large),
    final(ErrorCode::invalid_record, Did::halved, Reason::invalid),
    final(ErrorCode::invalid_timestamp, Did::halved, Reason::internal),
    final(ErrorCode::topic_authorization_failed, Did::not_appended, Reason::forbidden),
    final(ErrorCode::cluster_authorization_failed, Did::not_appended, Reason::forbidden),
    final(ErrorCode::invalid_topic_exception, Did::not_appended, Reason::invalid),
    final(ErrorCode::unsupported_version, Did::not_appended, Reason::invalid),
    final(ErrorCode::unsupported_for_message_format, Did::not_appended, Reason::invalid),
    final(ErrorCode::unsupported_compression_type, Did::not_appended, Reason::invalid),
    {.code = ErrorCode::out_of_order_sequence_number, .first = Did::requeued, .in_doubt = Did::unknown,
     .reason = Reason::unavailable, .new_id_first = true, .new_id_in_doubt = true},
    {.code = ErrorCode::unknown_producer_id, .first = Did::requeued, .in_doubt = Did::unknown,
     .reason = Reason::unavailable, .new_id_first = true, .new_id_in_doubt = true},
    {.code = ErrorCode::invalid_producer_epoch, .first = Did::requeued, .in_doubt = Did::unknown,
     .reason = Reason::unavailable, .new_id_first = true, .new_id_in_doubt = true},
    // In the log, and nobody says where.
    {.code = ErrorCode::duplicate_sequence_number, .first = Did::unknown, .in_doubt = Did::unknown},
    // Not in kafka.md §10, a code for other requests, and one that does not exist.
    {.code = ErrorCode::unknown_server_error, .first = Did::unknown, .in_doubt = Did::unknown,
     .reason = Reason::internal, .new_id_first = true, .new_id_in_doubt = true, .refresh = true},
    {.code = ErrorCode::policy_violation, .first = Did::unknown, .in_doubt = Did::unknown,
     .reason = Reason::internal, .new_id_first = true, .new_id_in_doubt = true, .refresh = true},
    {.code = static_cast<ErrorCode>(4711), .first = Did::unknown, .in_doubt = Did::unknown,
     .reason = Reason::internal, .new_id_first = true, .new_id_in_doubt = true, .refresh = true},
};

class ProducerErrorCode : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    scene_ = Scene::ready();
    scene_->succeed(scene_->send({"earlier"}), 9);
    sent_ = scene_->send({"a", "b"});
    a_ = scene_->last_append - 1;
    c_ = scene_->append("c");
  }
  // Gives the answer and looks what came of it.
  Did answer(const SentRequest& request, core::Offset base_offset = core::kNoOffset) {
    if (GetParam().code == ErrorCode::none) base_offset = 10;
    scene_->refresh_asked = false;
    scene_->answer(request, {.error = GetParam().code, .base_offset = base_offset});
    if (scene_->ended(a_)) {
      EXPECT_EQ(scene_->end(a_).fate, scene_->end(a_ + 1).fate);
      if (scene_->end(a_).fate == Fate::appended) return Did::appended;
      return scene_->end(a_).fate == Fate::not_appended ? Did::not_appended : Did::unknown;
    }
    EXPECT_EQ(scene_->refresh_asked, GetParam().refresh);
    new_id_ = scene_->id_asked;
    if (scene_->id_asked) scene_->give_producer_id();
    const SentRequest next = scene_->requests.back().number == request.number ? scene_->next_request()
                                                                              : scene_->requests.back();
    const std::vector<std::string>& values = next.batches.at(0).values;
    if (values.size() == 3) return Did::requeued;
    if (values.size() == 1) return Did::halved;
    EXPECT_EQ(next.batches[0].bytes, sent_.batches[0].bytes);
    return Did::resent;
  }
  void expect_end(bool new_id) {
    if (!scene_->ended(a_) || scene_->end(a_).fate == Fate::appended) return;
    const core::Delivery& end = scene_->end(a_);
    EXPECT_EQ(end.reason, GetParam().reason);
    EXPECT_NE(end.detail, "");
    EXPECT_EQ(end.partition, 0);
    if (end.fate == Fate::unknown) {
      EXPECT_EQ(end.offset, 10);
    }
    EXPECT_EQ(scene_->id_asked, new_id);
    // The partition goes on with what came meanwhile.
    if (scene_->id_asked) scene_->give_producer_id();
    const SentBatch& next = scene_->requests.back().batches.at(0);
    EXPECT_EQ(next.values, std::vector<std::string>{"c"});
    const bool used = end.fate == Fate::unknown && !new_id;
    EXPECT_EQ(next.base_sequence, new_id ? 0 : used ? 3 : 1);
    EXPECT_EQ(next.producer_id == sent_.batches[0].producer_id, !new_id);
  }

  std::unique_ptr<Scene> scene_;
  SentRequest sent_;
  log::AppendId a_ = 0;
  log::AppendId c_ = 0;
  bool new_id_ = false;
};

TEST_P(ProducerErrorCode, OfTheFirstAttempt) {
  EXPECT_EQ(answer(sent_), GetParam().first);
  expect_end(GetParam().new_id_first);
  if (GetParam().first == Did::requeued) {
    const SentBatch& next = scene_->requests.back().batches.at(0);
    EXPECT_EQ(new_id_, GetParam().new_id_first);
    EXPECT_EQ(next.base_sequence, GetParam().new_id_first ? 0 : 1) << "nothing used the sequence numbers";
    EXPECT_EQ(next.producer_id == sent_.batches[0].producer_id, !GetParam().new_id_first);
  }
}

TEST_P(ProducerErrorCode, AfterAnAttemptInDoubt) {
  scene_->lose(sent_);
  scene_->refresh();
  const SentRequest again = scene_->next_request();
  EXPECT_EQ(answer(again), GetParam().in_doubt);
  expect_end(GetParam().new_id_in_doubt);
}

// Kafka leaves the base offset in the error of a write that waited for its
// replicas: whatever the code, the leader has it.
TEST_P(ProducerErrorCode, WithABaseOffsetTheLeaderHasWritten) {
  const Did did = answer(sent_, 10);
  EXPECT_EQ(did, GetParam().in_doubt);
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  const std::string name(wire::name(info.param.code));
  return name == "UNKNOWN_CODE" ? "CODE_" + std::to_string(static_cast<int>(info.param.code)) : name;
}

INSTANTIATE_TEST_SUITE_P(EachCode, ProducerErrorCode, testing::ValuesIn(kCases), case_name);

TEST(ProducerErrors, ASuccessWithoutAnOffsetIsUnknownAndUsesItsSequence) {
  auto scene = Scene::ready();
  const SentRequest sent = scene->send({"a", "b"});
  scene->answer(sent, {.error = ErrorCode::none, .base_offset = -1});
  EXPECT_EQ(scene->end(1).fate, Fate::unknown);
  EXPECT_EQ(scene->end(1).reason, Reason::none);
  EXPECT_FALSE(scene->id_asked);
  EXPECT_EQ(scene->send({"c"}).batches[0].base_sequence, 2);
}

TEST(ProducerErrors, NamedBadRecordsEndAndTheOthersGoAgain) {
  auto scene = Scene::ready();
  const SentRequest sent = scene->send({"a", "bad", "c", "worse", "e"});
  scene->answer(sent, {.error = ErrorCode::invalid_record,
                       .bad_records = {{1, "no key"}, {3, "no key either"}, {1, "again"}, {-1, "?"}, {99, "?"}}});
  EXPECT_EQ(scene->end(2).fate, Fate::not_appended);
  EXPECT_EQ(scene->end(2).reason, Reason::invalid);
  EXPECT_EQ(scene->end(2).detail, "no key");
  EXPECT_EQ(scene->end(4).detail, "no key either");
  const SentRequest next = scene->requests.back();
  EXPECT_EQ(next.batches[0].values, (std::vector<std::string>{"a", "c", "e"}));
  EXPECT_EQ(next.batches[0].base_sequence, 0);
  scene->succeed(next, 70);
  EXPECT_EQ(scene->end(1).offset, 70);
  EXPECT_EQ(scene->end(3).offset, 71);
  EXPECT_EQ(scene->end(5).offset, 72);
  EXPECT_EQ(scene->send({"f"}).batches[0].base_sequence, 3);
}

TEST(ProducerErrors, AnUnnamedBadRecordIsFoundByHalving) {
  auto scene = Scene::ready();
  scene->send({"a", "b", "bad", "d", "e", "f", "g"});
  core::Offset end = 0;
  for (int rounds = 0; scene->producer.open_records() > 0; ++rounds) {
    ASSERT_LT(rounds, 30);
    const SentRequest request = scene->requests.back();
    const std::vector<std::string>& values = request.batches[0].values;
    if (std::find(values.begin(), values.end(), "bad") != values.end()) {
      scene->answer(request, {.error = ErrorCode::invalid_timestamp});
    } else {
      scene->succeed(request, end);
      end += static_cast<core::Offset>(values.size());
    }
  }
  EXPECT_EQ(scene->end(3).fate, Fate::not_appended);
  EXPECT_EQ(scene->end(3).reason, Reason::internal);
  EXPECT_EQ(end, 6);
  for (const log::AppendId id : {1u, 2u, 4u, 5u, 6u, 7u}) EXPECT_EQ(scene->end(id).fate, Fate::appended) << id;
  EXPECT_EQ(scene->end(7).offset, 5) << "in order";
}

TEST(ProducerErrors, TooLargeTogetherIsSplitAndTooLargeAloneEnds) {
  auto scene = Scene::ready();
  const std::string large(1000, 'L');
  scene->send({"a", "b", large, "d", "e"});
  core::Offset end = 0;
  for (int rounds = 0; scene->producer.open_records() > 0; ++rounds) {
    ASSERT_LT(rounds, 30);
    const SentRequest request = scene->requests.back();
    if (request.batches[0].bytes.size() > 500) {
      scene->answer(request, {.error = ErrorCode::message_too_large});
    } else {
      scene->succeed(request, end);
      end += static_cast<core::Offset>(request.batches[0].values.size());
    }
  }
  EXPECT_EQ(scene->end(3).fate, Fate::not_appended);
  EXPECT_EQ(scene->end(3).reason, Reason::too_large);
  for (const log::AppendId id : {1u, 2u, 4u, 5u}) EXPECT_EQ(scene->end(id).fate, Fate::appended) << id;
}

}  // namespace
}  // namespace tidemark::kafka::test
