#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace tidemark {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error{ErrorKind::invalid, "odd"};
  return n / 2;
}

TEST(Result, IsAValueOrAnError) {
  EXPECT_EQ(*half(4), 2);
  ASSERT_FALSE(half(3).ok());
  EXPECT_EQ(half(3).error().kind, ErrorKind::invalid);
  EXPECT_EQ(half(3).error().message, "odd");
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, WithoutAValueIsSuccessOrAnError) {
  EXPECT_TRUE(Result<void>().ok());
  EXPECT_FALSE(Result<void>(Error{ErrorKind::limit, "full"}).ok());
}

}  // namespace
}  // namespace tidemark
