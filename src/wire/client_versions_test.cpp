#include "wire/client_versions.h"

#include <gtest/gtest.h>

#include "wire/generated/api_versions.h"

namespace tidemark::wire {
namespace {

msg::ApiVersionsResponse::ApiVersion api(std::int16_t key, std::int16_t min, std::int16_t max) {
  msg::ApiVersionsResponse::ApiVersion entry;
  entry.api_key = key;
  entry.min_version = min;
  entry.max_version = max;
  return entry;
}

TEST(Versions, TheHighestInBothIsSpoken) {
  EXPECT_EQ(common_version({0, 9}, {3, 12}), 9);
  EXPECT_EQ(common_version({0, 12}, {3, 9}), 9);
  EXPECT_EQ(common_version({3, 3}, {3, 3}), 3);
  EXPECT_EQ(common_version({0, 2}, {3, 9}), std::nullopt);
  EXPECT_EQ(common_version({4, 9}, {0, 3}), std::nullopt);
}

TEST(Versions, TableFindsWhatTheBrokerNamed) {
  msg::ApiVersionsResponse response;
  response.api_keys = {api(3, 0, 13), api(0, 3, 12), api(-5, 0, 1), api(32767, 0, 1), api(7, 5, 2)};
  const Result<VersionTable> table = VersionTable::from(response);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->find(3), (VersionRange{0, 13}));
  EXPECT_EQ(table->find(0), (VersionRange{3, 12}));
  EXPECT_EQ(table->find(1), std::nullopt);
  EXPECT_EQ(table->find(7), std::nullopt);
  EXPECT_EQ(table->find(-5), std::nullopt);
  EXPECT_EQ(table->find(32767), std::nullopt);
}

TEST(Versions, ErrorsAndEmptyAnswersAreNoTable) {
  msg::ApiVersionsResponse response;
  EXPECT_EQ(VersionTable::from(response).error().kind, ErrorKind::corrupt);
  response.error_code = 31;
  const Result<VersionTable> refused = VersionTable::from(response);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_NE(refused.error().message.find("CLUSTER_AUTHORIZATION_FAILED"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::wire
