// Consumer on a real Kafka: it must be what its users take it for.
#include "support/consumer.h"

#include <gtest/gtest.h>

#include "support/admin.h"
#include "support/environment.h"

namespace tidemark::test {
namespace {

using Offsets = std::map<std::int32_t, std::int64_t>;

class ConsumerTest : public testing::Test {
 protected:
  ConsumerOptions options() const { return {.bootstrap = kafka(), .group = group_, .topic = topic_}; }
  Offsets committed() const { return committed_offsets(kafka(), group_, topic_); }
  void publish(int count, std::int32_t partition = 0) const {
    for (int i = 0; i < count; ++i) produce(kafka(), topic_, {.value = "v", .partition = partition});
  }

  std::string topic_ = create_unique_topic(kafka());
  std::string group_ = unique_name("group");
};

TEST_F(ConsumerTest, CommitsAfterEachBatchByDefault) {
  publish(3);
  Consumer consumer(options());
  ASSERT_TRUE(consumer.wait_processed(3)) << testing::PrintToString(consumer.errors());
  EXPECT_TRUE(eventually([&] { return committed() == Offsets{{0, 3}}; }));
  EXPECT_TRUE(consumer.has_processed(0, 2));
  EXPECT_FALSE(consumer.has_processed(0, 3));
}

TEST_F(ConsumerTest, CommitsEachRecordBeforeTheNext) {
  publish(2);
  ConsumerOptions wanted = options();
  wanted.commit = Commit::kEachRecord;
  std::vector<Offsets> committed_before_work;
  wanted.work = [&](const Record&) { committed_before_work.push_back(committed()); };
  Consumer consumer(wanted);
  ASSERT_TRUE(consumer.wait_processed(2));
  consumer.stop();
  EXPECT_EQ(committed_before_work, (std::vector<Offsets>{{}, {{0, 1}}}));
  EXPECT_EQ(consumer.commits(), 2U);
}

TEST_F(ConsumerTest, NeverCommitsWhenToldSo) {
  publish(1);
  ConsumerOptions wanted = options();
  wanted.commit = Commit::kNever;
  {
    Consumer consumer(wanted);
    ASSERT_TRUE(consumer.wait_processed(1));
  }
  EXPECT_TRUE(committed().empty());
}

TEST_F(ConsumerTest, StartsAtLatestAfterItsPositionIsResolved) {
  publish(1);
  ConsumerOptions wanted = options();
  wanted.auto_offset_reset = "latest";
  Consumer consumer(wanted);
  ASSERT_TRUE(consumer.wait_assigned(3));
  ASSERT_TRUE(consumer.wait_at_end());
  publish(1);
  ASSERT_TRUE(consumer.wait_processed(0, 1));
  EXPECT_FALSE(consumer.has_processed(0, 0));
}

TEST_F(ConsumerTest, StandsStillWhilePaused) {
  Consumer consumer(options());
  ASSERT_TRUE(consumer.wait_assigned(3));
  consumer.pause();
  publish(1);
  EXPECT_FALSE(consumer.wait_processed(1, std::chrono::milliseconds(200)));
  EXPECT_TRUE(committed().empty());
  consumer.resume();
  EXPECT_TRUE(consumer.wait_processed(1));
}

TEST_F(ConsumerTest, StopsWhilePausedWithoutTouchingWhatIsLeft) {
  publish(1);
  Consumer consumer(options());
  consumer.pause();
  consumer.stop();
  EXPECT_TRUE(consumer.processed().empty());
  Consumer next(options());
  EXPECT_TRUE(next.wait_processed(1));
}

TEST_F(ConsumerTest, LeavesItsPartitionsOnlyWhenItSaysGoodbye) {
  auto first = std::make_unique<Consumer>(options());
  ASSERT_TRUE(first->wait_assigned(3));
  first->vanish();
  Consumer second(options());
  EXPECT_FALSE(second.wait_assigned(3, std::chrono::milliseconds(500)));
}

}  // namespace
}  // namespace tidemark::test
