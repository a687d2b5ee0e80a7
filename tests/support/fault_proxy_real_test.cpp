// FaultProxy in front of a real Kafka, under an ordinary client.
#include <gtest/gtest.h>

#include "support/admin.h"
#include "support/environment.h"
#include "support/fault_proxy.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

class ProxiedTest : public testing::Test {
 protected:
  FaultProxy proxy_{kafka_proxy_port(), kafka_proxied()};
  std::string topic_ = create_unique_topic(kafka(), "proxied", 1);
};

TEST_F(ProxiedTest, StandsBetweenClientAndBroker) {
  produce(proxy_.address(), topic_, {.value = "v"});
  EXPECT_EQ(proxy_.requests_of(FaultProxy::kProduce), 1U);
  // Found through the listener itself, a client still comes to the proxy.
  produce(kafka_proxied(), topic_, {.value = "v"});
  EXPECT_EQ(proxy_.requests_of(FaultProxy::kProduce), 2U);
  EXPECT_EQ(read_all(kafka(), topic_).size(), 2U);
}

TEST_F(ProxiedTest, ALostProduceReplyIsAnEventThatIsThere) {
  proxy_.lose_next_reply(FaultProxy::kProduce);
  // Without idempotence the client's retry appends again: the lost reply's event really is in the log.
  produce(proxy_.address(), topic_, {.value = "v"});
  EXPECT_EQ(proxy_.counters().replies_lost, 1U);
  EXPECT_EQ(read_all(kafka(), topic_).size(), 2U);
}

TEST_F(ProxiedTest, ALostProduceRequestIsNoEvent) {
  proxy_.lose_next_request(FaultProxy::kProduce);
  produce(proxy_.address(), topic_, {.value = "v"});
  EXPECT_EQ(proxy_.counters().requests_lost, 1U);
  EXPECT_EQ(read_all(kafka(), topic_).size(), 1U);
}

}  // namespace
}  // namespace tidemark::test
