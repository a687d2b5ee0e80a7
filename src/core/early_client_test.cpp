#include "core/early_client.h"

#include <gtest/gtest.h>

namespace tidemark::core {
namespace {

TEST(EarlyClient, IsRecognisedByTheNamesThatItsLibraryGives) {
  EXPECT_EQ(recognise("billing@web-1 (github.com/segmentio/kafka-go)", ""), EarlyClient::kafka_go);
  EXPECT_EQ(recognise("", "billing@web-1 (github.com/segmentio/kafka-go)-0d2f"), EarlyClient::kafka_go);
  EXPECT_EQ(recognise("rdkafka", "rdkafka-5f0e"), EarlyClient::librdkafka);
  EXPECT_EQ(recognise("aiokafka-0.14.0", "aiokafka-0.14.0-77aa"), EarlyClient::aiokafka);
}

TEST(EarlyClient, OthersAreBelieved) {
  EXPECT_EQ(recognise("consumer-views-1", "consumer-views-1-5f0e"), EarlyClient::none);
  EXPECT_EQ(recognise("kafkajs", "kafkajs-5f0e"), EarlyClient::none);
  EXPECT_EQ(recognise("kgo", "kgo-5f0e"), EarlyClient::none);
  EXPECT_EQ(recognise("my-rdkafka-reader", "my-rdkafka-reader-1"), EarlyClient::none);
}

TEST(EarlyClient, OnlyKafkaGoIsEarlyWithoutATimer) {
  EXPECT_TRUE(early_without_timer(EarlyClient::kafka_go));
  EXPECT_FALSE(early_without_timer(EarlyClient::librdkafka));
  EXPECT_FALSE(early_without_timer(EarlyClient::aiokafka));
}

}  // namespace
}  // namespace tidemark::core
