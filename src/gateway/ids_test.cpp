#include "gateway/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace tidemark::gateway {
namespace {

TEST(Ids, DifferAndSortByTime) {
  IdSource source;
  std::set<Uuid> seen;
  for (int i = 0; i < 5000; ++i) seen.insert(source.next(1'700'000'000'000));
  EXPECT_EQ(seen.size(), 5000U);
  EXPECT_LT(source.next(1), source.next(2));
}

TEST(Ids, MakeAValidTraceParent) {
  const Uuid id = *Uuid::parse("01932c07-209a-7b3c-9def-0123456789ab");
  EXPECT_EQ(traceparent_of(id), "00-01932c07209a7b3c9def0123456789ab-9def0123456789ab-01");
}

TEST(Ids, KeepTheCallersBaggageWithinTheLimit) {
  const Uuid id = *Uuid::parse("01932c07-209a-7b3c-9def-0123456789ab");
  const std::string own = "tidemark-id=01932c07-209a-7b3c-9def-0123456789ab";
  EXPECT_EQ(baggage_of(id, std::nullopt), own);
  EXPECT_EQ(baggage_of(id, "a=b"), own + ",a=b");
  EXPECT_EQ(baggage_of(id, std::string(8192, 'x')), own);
}

}  // namespace
}  // namespace tidemark::gateway
