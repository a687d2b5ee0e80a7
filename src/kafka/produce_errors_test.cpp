// Covers produce_errors.cpp: what each code asks for by itself. What it does to
// a batch is in producer_errors_test.cpp.
#include "kafka/produce_errors.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "wire/error_codes.h"

namespace tidemark::kafka::produce {
namespace {

using wire::ErrorCode;

ErrorRule rule(ErrorCode code) { return error_rule(static_cast<std::int16_t>(code)); }

TEST(ProduceErrors, ACodeThatIsNotListedProvesNothing) {
  std::set<Handling> seen;
  int listed = 0;
  for (int code = std::numeric_limits<std::int16_t>::min(); code <= std::numeric_limits<std::int16_t>::max(); ++code) {
    const ErrorRule found = error_rule(static_cast<std::int16_t>(code));
    seen.insert(found.handling);
    if (found.handling == Handling::give_up) {
      EXPECT_TRUE(found.maybe_written) << code;
    } else {
      ++listed;
    }
  }
  EXPECT_EQ(listed, 27);
  EXPECT_EQ(seen.size(), 7u);
}

TEST(ProduceErrors, WhatMayComeAfterTheWriteLeavesDoubt) {
  for (const ErrorCode code : {ErrorCode::request_timed_out, ErrorCode::not_enough_replicas_after_append,
                               ErrorCode::kafka_storage_error}) {
    EXPECT_EQ(rule(code).handling, Handling::resend) << wire::name(code);
    EXPECT_TRUE(rule(code).maybe_written) << wire::name(code);
  }
  EXPECT_FALSE(rule(ErrorCode::not_leader_or_follower).maybe_written) << "a base offset tells";
  EXPECT_FALSE(rule(ErrorCode::not_enough_replicas).maybe_written);
  EXPECT_FALSE(rule(ErrorCode::message_too_large).maybe_written);
}

TEST(ProduceErrors, CodesHaveATextForPeople) {
  EXPECT_EQ(error_text(19), "NOT_ENOUGH_REPLICAS");
  EXPECT_NE(error_text(32).find("clock"), std::string::npos);
  EXPECT_EQ(error_text(4711), "error 4711");
}

}  // namespace
}  // namespace tidemark::kafka::produce
