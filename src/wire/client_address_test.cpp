#include "wire/client_address.h"

#include <gtest/gtest.h>

namespace tidemark::wire {
namespace {

TEST(Address, ParsesNamesAndLiterals) {
  EXPECT_EQ(*parse_address("kafka-1.example_net:9092"), (Address{"kafka-1.example_net", 9092}));
  EXPECT_EQ(*parse_address("127.0.0.1:1"), (Address{"127.0.0.1", 1}));
  EXPECT_EQ(*parse_address("[::1]:65535"), (Address{"::1", 65535}));
  EXPECT_EQ(*parse_address("[fe80::1%eth0]:9092"), (Address{"fe80::1%eth0", 9092}));
}

TEST(Address, PrintsWhatItParses) {
  for (const char* text : {"broker:9092", "10.0.0.1:9092", "[2001:db8::7]:9092"}) {
    EXPECT_EQ(parse_address(text)->to_string(), text);
  }
}

TEST(Address, ErrorsNameTheTextAndTheReason) {
  const struct {
    const char* text;
    const char* reason;
  } cases[] = {
      {"broker", "there is no port"},
      {"", "there is no port"},
      {":9092", "no host"},
      {"broker:", "not a number from 1 to 65535"},
      {"broker:0", "not a number from 1 to 65535"},
      {"broker:65536", "not a number from 1 to 65535"},
      {"broker:+1", "not a number from 1 to 65535"},
      {"broker:90 92", "not a number from 1 to 65535"},
      {"::1:9092", "[ADDRESS]:PORT"},
      {"[::1]", "there is no port"},
      {"[::1]9092", "there is no port"},
      {"[::1:9092", "not closed"},
      {"[broker]:9092", "only an IPv6 address"},
      {"[::1%]:9092", "only an IPv6 address"},
      {"[]:9092", "only an IPv6 address"},
      {"kafka://broker:9092", "without a scheme"},
      {"bro ker:9092", "no name has"},
      {"bro\nker:9092", "no name has"},
  };
  for (const auto& [text, reason] : cases) {
    const Result<Address> result = parse_address(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().kind, ErrorKind::invalid);
    EXPECT_NE(result.error().message.find(reason), std::string::npos) << text << ": " << result.error().message;
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
  }
  EXPECT_NE(parse_address("broker:x").error().message.find("'broker:x'"), std::string::npos);
}

TEST(Address, RefusesHostsLongerThanNamesCanBe) {
  EXPECT_TRUE(parse_address(std::string(255, 'a') + ":1").ok());
  EXPECT_FALSE(parse_address(std::string(256, 'a') + ":1").ok());
}

TEST(Bootstrap, ParsesListsWithBlanksAndDropsRepeats) {
  const Result<std::vector<Address>> list = parse_bootstrap(" a:1 ,b:2,\t[::1]:3, a:1");
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(*list, (std::vector<Address>{{"a", 1}, {"b", 2}, {"::1", 3}}));
}

TEST(Bootstrap, RefusesEmptyListsAndEmptyEntries) {
  EXPECT_NE(parse_bootstrap("").error().message.find("no broker is named"), std::string::npos);
  EXPECT_FALSE(parse_bootstrap("  ").ok());
  EXPECT_FALSE(parse_bootstrap("a:1,").ok());
  EXPECT_FALSE(parse_bootstrap(",a:1").ok());
  EXPECT_FALSE(parse_bootstrap("a:1,,b:1").ok());
  EXPECT_NE(parse_bootstrap("a:1,b").error().message.find("'b'"), std::string::npos);
}

TEST(Bootstrap, HasABound) {
  std::string list = "h:1";
  for (int port = 2; port <= 64; ++port) list += ",h:" + std::to_string(port);
  EXPECT_EQ(parse_bootstrap(list)->size(), 64U);
  EXPECT_FALSE(parse_bootstrap(list + ",h:65").ok());
}

}  // namespace
}  // namespace tidemark::wire
