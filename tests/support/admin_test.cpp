// Topics, records and offsets on a real Kafka.
#include "support/admin.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "support/environment.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

TEST(Admin, CreatesExtendsAndDeletesATopic) {
  const std::string topic = create_unique_topic(kafka());
  EXPECT_THROW(create_topic(kafka(), topic), std::runtime_error);
  add_partitions(kafka(), topic, 5);
  EXPECT_EQ(produce(kafka(), topic, {.value = "v", .partition = 4}).offset, 0);
  delete_topic(kafka(), topic);
  EXPECT_THROW((void)read_all(kafka(), topic), std::runtime_error);
}

TEST(Admin, HonoursATopicsSettings) {
  const std::string topic = create_unique_topic(kafka(), "small", 1, {{"max.message.bytes", "1000"}});
  EXPECT_THROW((void)produce(kafka(), topic, {.value = std::string(2000, 'x')}), std::runtime_error);
  EXPECT_EQ(produce(kafka(), topic, {.value = "small"}).offset, 0);
}

TEST(Records, AreReadAsTheyWereWritten) {
  const std::string topic = create_unique_topic(kafka());
  const Record first =
      produce(kafka(), topic, {.value = "one", .key = "k", .partition = 1, .headers = {{"a", "1"}, {"a", "2"}}});
  produce(kafka(), topic, {.value = "two", .key = std::nullopt, .partition = 0});
  EXPECT_EQ(first.partition, 1);
  EXPECT_EQ(first.offset, 0);
  const auto records = read_all(kafka(), topic);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].value, "two");
  EXPECT_FALSE(records[0].key);
  EXPECT_EQ(records[1].value, "one");
  EXPECT_EQ(records[1].key, "k");
  EXPECT_EQ(records[1].headers.size(), 2U);
  EXPECT_EQ(records[1].header("a"), "2");
  EXPECT_GT(records[1].timestamp_ms, 0);
}

TEST(Admin, CommitsResetsAndDeletesAGroup) {
  const std::string topic = create_unique_topic(kafka());
  const std::string group = unique_name("group");
  for (int i = 0; i < 3; ++i) produce(kafka(), topic, {.value = "v", .partition = 2});
  EXPECT_TRUE(committed_offsets(kafka(), group, topic).empty());
  commit_offset(kafka(), group, topic, 2, 3);
  EXPECT_EQ(committed_offsets(kafka(), group, topic), (std::map<std::int32_t, std::int64_t>{{2, 3}}));
  reset_offset(kafka(), group, topic, 2, 1);
  EXPECT_EQ(committed_offsets(kafka(), group, topic), (std::map<std::int32_t, std::int64_t>{{2, 1}}));
  delete_group(kafka(), group);
  EXPECT_TRUE(committed_offsets(kafka(), group, topic).empty());
  EXPECT_THROW(delete_group(kafka(), group), std::runtime_error);
}

TEST(Admin, NamesAreUnique) { EXPECT_NE(unique_name("a"), unique_name("a")); }

}  // namespace
}  // namespace tidemark::test
