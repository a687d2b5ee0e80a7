#include "wire/error_codes.h"

#include <gtest/gtest.h>

namespace tidemark::wire {
namespace {

TEST(ErrorCodes, HaveKafkasNames) {
  EXPECT_EQ(name(ErrorCode::none), "NONE");
  EXPECT_EQ(error_name(-1), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(error_name(6), "NOT_LEADER_OR_FOLLOWER");
  EXPECT_EQ(name(ErrorCode::out_of_order_sequence_number), "OUT_OF_ORDER_SEQUENCE_NUMBER");
  EXPECT_EQ(static_cast<std::int16_t>(ErrorCode::unknown_topic_id), 100);
  EXPECT_EQ(error_name(136), "CONTROLLER_ID_NOT_REGISTERED");
}

TEST(ErrorCodes, ANewerBrokersCodeHasNoName) {
  for (const int code : {-32768, -2, 137, 32767}) {
    EXPECT_EQ(error_name(static_cast<std::int16_t>(code)), "UNKNOWN_CODE") << code;
  }
}

}  // namespace
}  // namespace tidemark::wire
