// Transactional commits on a real Kafka: committed, aborted and hung.
#include "support/transactional_producer.h"

#include <gtest/gtest.h>

#include "support/admin.h"
#include "support/environment.h"

namespace tidemark::test {
namespace {

using Offsets = std::map<std::int32_t, std::int64_t>;

class TransactionTest : public testing::Test {
 protected:
  Offsets committed() const { return committed_offsets(kafka(), group_, topic_); }

  std::string topic_ = create_unique_topic(kafka());
  std::string group_ = unique_name("group");
  std::string id_ = unique_name("transaction");
};

TEST_F(TransactionTest, CommitsOffsetsAndRecordsTogether) {
  TransactionalProducer producer(kafka(), id_);
  producer.begin();
  producer.produce(topic_, {.value = "v", .partition = 1});
  producer.send_offset(group_, topic_, 0, 1);
  EXPECT_TRUE(read_all(kafka(), topic_).empty());
  EXPECT_EQ(read_all(kafka(), topic_, Isolation::kReadUncommitted).size(), 1U);
  EXPECT_TRUE(committed().empty());
  producer.commit();
  EXPECT_TRUE(eventually([&] { return read_all(kafka(), topic_).size() == 1; }));
  EXPECT_TRUE(eventually([&] { return committed() == Offsets{{0, 1}}; }));
}

TEST_F(TransactionTest, AbortLeavesNoCommit) {
  TransactionalProducer producer(kafka(), id_);
  producer.begin();
  producer.send_offset(group_, topic_, 0, 1);
  producer.abort();
  EXPECT_TRUE(committed().empty());
  producer.begin();
  producer.send_offset(group_, topic_, 0, 2);
  producer.commit();
  EXPECT_TRUE(eventually([&] { return committed() == Offsets{{0, 2}}; }));
}

TEST_F(TransactionTest, AnAbandonedTransactionHangsUntilItsIdIsTakenAgain) {
  {
    TransactionalProducer producer(kafka(), id_);
    producer.begin();
    producer.produce(topic_, {.value = "hung", .partition = 0});
    producer.abandon();
  }
  produce(kafka(), topic_, {.value = "plain", .partition = 0});
  EXPECT_TRUE(read_all(kafka(), topic_).empty());
  EXPECT_EQ(read_all(kafka(), topic_, Isolation::kReadUncommitted).size(), 2U);
  const TransactionalProducer again(kafka(), id_);
  EXPECT_TRUE(eventually([&] { return read_all(kafka(), topic_).size() == 1; }));
}

}  // namespace
}  // namespace tidemark::test
