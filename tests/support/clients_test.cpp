// The Java and JavaScript clients of tests/clients, as tests use them.
#include <gtest/gtest.h>

#include <ostream>

#include "support/admin.h"
#include "support/clients.h"
#include "support/environment.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

// A client family's command line, made by a function of tests/support/clients.h.
template <class... Arguments>
struct Client {
  const char* name;
  std::vector<std::string> (*command)(const std::string& bootstrap, const std::string& topic, Arguments...);

  friend void PrintTo(const Client& client, std::ostream* out) { *out << client.name; }
};
using ConsumerClient = Client<const std::string&>;
using ReaderClient = Client<std::size_t>;

constexpr auto kName = [](const auto& info) { return std::string(info.param.name); };

std::vector<std::string> java_classic(const std::string& bootstrap, const std::string& topic,
                                      const std::string& group) {
  return java_consumer(bootstrap, topic, group, "classic");
}
std::vector<std::string> java_kip848(const std::string& bootstrap, const std::string& topic,
                                     const std::string& group) {
  return java_consumer(bootstrap, topic, group, "consumer");
}

class ConsumerClientTest : public testing::TestWithParam<ConsumerClient> {};

TEST_P(ConsumerClientTest, CommitsAfterTheWork) {
  const std::string topic = create_unique_topic(kafka());
  const std::string group = unique_name("group");
  Process consumer(GetParam().command(kafka(), topic, group));
  ASSERT_TRUE(consumer.wait_for_line("ready", kClientStart)) << consumer.output();
  produce(kafka(), topic, {.value = "v", .partition = 1, .headers = {{"tidemark-id", "id-1"}}});
  ASSERT_TRUE(consumer.wait_for_line("processed 1 0 id=id-1")) << consumer.output();
  EXPECT_TRUE(eventually([&] { return committed_offsets(kafka(), group, topic)[1] == 1; }));
  consumer.terminate();
  EXPECT_TRUE(consumer.wait());
}

INSTANTIATE_TEST_SUITE_P(Each, ConsumerClientTest,
                         testing::Values(ConsumerClient{"java", java_classic},
                                         ConsumerClient{"java_kip848", java_kip848},
                                         ConsumerClient{"kafkajs", kafkajs_consumer}),
                         kName);

class ReaderClientTest : public testing::TestWithParam<ReaderClient> {};

TEST_P(ReaderClientTest, ReadsKeysValuesAndHeaders) {
  const std::string topic = create_unique_topic(kafka());
  produce(kafka(), topic, {.value = "v1", .key = "k1", .partition = 0, .headers = {{"a", "1"}, {"b", "2"}}});
  produce(kafka(), topic, {.value = "v2", .key = std::nullopt, .partition = 2});
  Process reader(GetParam().command(kafka(), topic, 2));
  EXPECT_TRUE(reader.wait_for_line(R"(record 0 0 key="k1" value="v1" a="1" b="2")", kClientStart)) << reader.output();
  EXPECT_TRUE(reader.wait_for_line(R"(record 2 0 key=null value="v2")")) << reader.output();
  EXPECT_EQ(reader.wait()->code, 0);
}

INSTANTIATE_TEST_SUITE_P(Each, ReaderClientTest,
                         testing::Values(ReaderClient{"java", java_reader}, ReaderClient{"kafkajs", kafkajs_reader}),
                         kName);

TEST(Kafka39, Answers) {
  const std::string topic = create_unique_topic(kafka39());
  EXPECT_EQ(produce(kafka39(), topic, {.value = "v"}).offset, 0);
}

}  // namespace
}  // namespace tidemark::test
