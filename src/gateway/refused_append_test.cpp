#include "gateway/refused_append.h"

#include <gtest/gtest.h>

namespace tidemark::gateway {
namespace {

TEST(RefusedAppend, WasNotAppendedAndSaysWhy) {
  const core::Delivery full = refused_append({ErrorKind::limit, "the queue is full"});
  EXPECT_EQ(full.fate, core::Delivery::Fate::not_appended);
  EXPECT_EQ(full.reason, core::Delivery::Reason::limit);
  EXPECT_EQ(full.detail, "the queue is full");
  EXPECT_EQ(refused_append({ErrorKind::not_found, ""}).reason, core::Delivery::Reason::unknown_topic);
  EXPECT_EQ(refused_append({ErrorKind::corrupt, ""}).reason, core::Delivery::Reason::internal);
}

}  // namespace
}  // namespace tidemark::gateway
