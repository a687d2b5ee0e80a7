#include "gateway/ack_record.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark::gateway {
namespace {

TEST(AckRecord, IsReadAsItIsWritten) {
  AckRecord ack;
  ack.consumer = "views \"1\"";
  ack.topic = "orders";
  ack.partition = 3;
  ack.offsets = {7, 9};
  ack.failed = true;
  ack.reason = "no such product";
  const auto read = parse_ack(value_of(ack));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->consumer, ack.consumer);
  EXPECT_EQ(read->topic, ack.topic);
  EXPECT_EQ(read->partition, 3);
  EXPECT_EQ(read->offsets, ack.offsets);
  EXPECT_TRUE(read->failed);
  EXPECT_EQ(read->reason, ack.reason);
  EXPECT_EQ(key_of(ack), "views \"1\"/orders/3/7");
}

TEST(AckRecord, IsWhatAPersonTypes) {
  const auto one = parse_ack(R"({"consumer":"views","topic":"orders","partition":0,"offset":7})");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->offsets, (core::Range{7, 7}));
  EXPECT_FALSE(one->failed);
  const auto more = parse_ack(R"({"consumer":"views","topic":"orders","partition":0,"offset":7,"id":"x","later":[1]})");
  ASSERT_TRUE(more.ok()) << more.error().message;
  EXPECT_EQ(more->offsets, (core::Range{7, 7}));
}

// Gateways that did not publish the event could not tell where it is.
TEST(AckRecord, AnIdWithoutAPlaceIsNone) {
  const auto by_id = parse_ack(R"({"consumer":"views","id":"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"})");
  ASSERT_FALSE(by_id.ok());
  EXPECT_NE(by_id.error().message.find("POST /acks"), std::string::npos) << by_id.error().message;
  EXPECT_FALSE(parse_ack(R"({"consumer":"v","id":"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b","topic":"o"})").ok());
}

// What tests/fuzz/ack_record.cpp asserts: half a character was written as another, so that
// the same ack had two reasons.
TEST(AckRecord, ALongReasonIsCutBetweenCharacters) {
  const std::string most(AckRecord::kMaxReason - 1, 'x');
  const auto read = parse_ack(R"({"consumer":"v","topic":"o","partition":0,"offset":0,"reason":")" + most + "\u00e9\"}");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->reason, most);
}

TEST(AckRecord, NamesWhatIsOdd) {
  const auto why = [](std::string_view value) {
    const auto read = parse_ack(value);
    return read.ok() ? "" : read.error().message;
  };
  EXPECT_NE(why("\xff\xfe garbage").find("not JSON"), std::string::npos);
  EXPECT_NE(why("[1]").find("object"), std::string::npos);
  EXPECT_NE(why("[[[[[[[[1]]]]]]]]").find("not JSON"), std::string::npos);
  EXPECT_NE(why("{}").find("consumer"), std::string::npos);
  EXPECT_NE(why(R"({"consumer":7})").find("consumer"), std::string::npos);
  EXPECT_NE(why(R"({"consumer":"v","topic":"o","partition":-1,"offset":7})").find("partition"), std::string::npos);
  EXPECT_NE(why(R"({"consumer":"v","topic":"o","partition":0})").find("offset"), std::string::npos);
  EXPECT_NE(why(R"({"consumer":"v","topic":"o","partition":0,"offset":1,"offsets":[1,2]})").find("offset"),
            std::string::npos);
  EXPECT_NE(why(R"({"consumer":"v","topic":"o","partition":0,"offsets":[2,1]})").find("offset"), std::string::npos);
  EXPECT_NE(why(R"({"consumer":"v","topic":"o","partition":0,"offset":1.5})").find("offset"), std::string::npos);
  EXPECT_NE(why(R"({"consumer":"v","topic":"o","partition":0,"offset":1,"outcome":"done"})").find("outcome"),
            std::string::npos);
  EXPECT_NE(why(std::string(5000, ' ')).find("longer"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::gateway
