// The program as a person and a script use it: main.cpp, client_commands.cpp,
// serve_command.cpp, verify_command.cpp (with record_scan.cpp) and serve.cpp, with their exit codes.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/environment.h"

namespace tidemark::test {
namespace {

struct Ran {
  int code = -1;
  std::string output;  // both streams
};

Ran run(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {}) {
  arguments.insert(arguments.begin(), tidemark_program());
  Process process(arguments, environment);
  const auto exit = process.wait();
  static_cast<void>(process.wait_for_line("no line is like this"));  // returns once the output is closed and read
  Ran ran{exit ? exit->code : -1, ""};
  for (const OutputLine& line : process.lines()) ran.output += line.text + "\n";
  return ran;
}

// An answer in a file.
std::string saved(const std::string& text) {
  std::string path = ::testing::TempDir() + unique_name("answer") + ".json";
  std::ofstream(path) << text;
  return path;
}

TEST(Cli, TeachesOnMistakes) {
  EXPECT_EQ(run({}).code, 64);
  EXPECT_EQ(run({"sevre"}).code, 64);
  EXPECT_EQ(run({"publish"}).code, 64);
  EXPECT_EQ(run({"publish", "t", "v", "--wait", "5"}).code, 64);
  const Ran no_kafka = run({"serve"});
  EXPECT_EQ(no_kafka.code, 64);
  EXPECT_NE(no_kafka.output.find("--kafka HOST:PORT"), std::string::npos) << no_kafka.output;
  const Ran wide = run({"serve", "--kafka", "a:1", "--listen", "0.0.0.0:0"});
  EXPECT_EQ(wide.code, 64);
  EXPECT_NE(wide.output.find("--insecure-listen"), std::string::npos);
  const Ran misspelt = run({"serve", "--kafka", "a:1", "--set", "limits.wiats=1"});
  EXPECT_EQ(misspelt.code, 64);
  EXPECT_NE(misspelt.output.find("limits.waits"), std::string::npos) << misspelt.output;
  EXPECT_EQ(run({"serve", "--kafka", "a:1", "--config", "/no/such/file"}).code, 64);
  EXPECT_EQ(run({"serve", "--kafka", "a:notaport"}).code, 64);
}

TEST(Cli, HelpHasExamples) {
  const Ran help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.output.find("tidemark serve --kafka localhost:9092"), std::string::npos);
  for (const char* command : {"serve", "publish", "wait", "consumers", "version"})
    EXPECT_EQ(run({command, "--help"}).code, 0) << command;
  EXPECT_NE(run({"version"}).output.find("tidemark "), std::string::npos);
}

TEST(Cli, FlagsWinOverTheEnvironment) {
  const Ran environment = run({"serve", "--kafka", "a:1"}, {{"TIDEMARK_DEFAULT_WAIT", "5"}});
  EXPECT_EQ(environment.code, 64);
  EXPECT_NE(environment.output.find("TIDEMARK_DEFAULT_WAIT"), std::string::npos) << environment.output;
  // The environment's wide address is overridden, so it is not refused for it.
  Process process({tidemark_program(), "serve", "--kafka", "127.0.0.1:1", "--listen", "127.0.0.1:0"},
                  {{"TIDEMARK_LISTEN", "0.0.0.0:0"}});
  EXPECT_TRUE(process.wait_for_line("listening on 127.0.0.1:")) << process.output();
}

TEST(Cli, ServeTakesAllTheDescriptorsItMayHave) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  Process process({"sh", "-c", "ulimit -S -n 256 && exec \"$@\"", "sh", tidemark_program(), "serve", "--kafka", "127.0.0.1:1",
                   "--listen", "127.0.0.1:0"});
  EXPECT_TRUE(process.wait_for_line("up to " + std::to_string(limit.rlim_max) + " file descriptors")) << process.output();
}

TEST(Cli, PublishWaitAndConsumers) {
  const std::string topic = create_unique_topic(kafka(), "cli"), group = unique_name("cli");
  GatewayProcess gateway(
      {kafka(), "topics:\n  " + topic + ": {wait_for: [" + group + "]}\nconsumers:\n  " + group + ": {reset: earliest}\n", {}, true});
  const std::vector<std::string> url{"--url", gateway.url()};
  const auto with_url = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), url.begin(), url.end());
    return run(arguments);
  };

  const Ran pending = with_url({"publish", topic, "value", "--wait", "200ms"});
  EXPECT_EQ(pending.code, 2) << pending.output;
  const std::size_t at = pending.output.find("mark ");
  ASSERT_NE(at, std::string::npos) << pending.output;
  const std::string mark = pending.output.substr(at + 5, pending.output.find('\n', at) - at - 5);
  EXPECT_EQ(with_url({"wait", mark, "--timeout", "0"}).code, 2);

  ConsumerOptions options;
  options.bootstrap = kafka();
  options.topic = topic;
  options.group = group;
  Consumer consumer(options);
  const Ran waited = with_url({"wait", mark, "--timeout", "30s"});
  EXPECT_EQ(waited.code, 0) << waited.output;
  EXPECT_NE(waited.output.find(group + ": processed"), std::string::npos);
  const Ran published = with_url({"publish", topic, "value", "--key", "k", "--wait", "30s", "--for", group, "--json"});
  EXPECT_EQ(published.code, 0) << published.output;
  EXPECT_EQ(published.output.front(), '{') << published.output;
  const Ran consumers = with_url({"consumers"});
  EXPECT_EQ(consumers.code, 0);
  EXPECT_NE(consumers.output.find(group + "  active, 1 members"), std::string::npos) << consumers.output;

  // The evidence of the last answer is in the cluster, and another claim is not.
  const Ran right = run({"verify", saved(published.output), "--kafka", kafka()});
  EXPECT_EQ(right.code, 0) << right.output << published.output;
  EXPECT_NE(right.output.find(group + ": right"), std::string::npos) << right.output;
  std::string replaced = published.output;
  replaced.insert(replaced.find("\"name\":\"" + group) + 8, "another");
  const Ran wrong = run({"verify", saved(replaced), "--kafka", kafka()});
  EXPECT_EQ(wrong.code, 3) << wrong.output;
  EXPECT_EQ(run({"verify", "/no/such/file", "--kafka", kafka()}).code, 1);
  EXPECT_EQ(run({"verify", saved("{}"), "--kafka", kafka()}).code, 64);

  EXPECT_EQ(with_url({"publish", "no-such-topic", "v"}).code, 1);
  EXPECT_EQ(with_url({"wait", "rubbish"}).code, 1);
  EXPECT_EQ(run({"consumers", "--url", "http://127.0.0.1:1"}).code, 1);
  EXPECT_EQ(run({"consumers", "--url", "nonsense"}).code, 64);
}

// What it confirms of an answer over all of a topic, and of an ack, in whichever partition that came to be.
TEST(Cli, VerifiesAnswersOverPositionsAndByAcks) {
  const std::string topic = create_unique_topic(kafka(), "verified", 3), group = unique_name("verified");
  GatewayProcess gateway(
      {kafka(), "topics:\n  " + topic + ": {wait_for: [" + group + "]}\nconsumers:\n  " + group + ": {reset: earliest}\n", {}, true});
  ConsumerOptions options;
  options.bootstrap = kafka();
  options.topic = topic;
  options.group = group;
  Consumer consumer(options);
  for (int i = 0; i < 8; ++i) ASSERT_EQ(gateway.publish(topic, "wait=20s&key=k" + std::to_string(i)).status, 200);
  const GatewayAnswer all = gateway.post("/waits?wait=20s", R"({"topics":[")" + topic + R"("]})");
  ASSERT_EQ(all.status, 200) << all.raw.body;
  const Ran barrier = run({"verify", saved(all.raw.body), "--kafka", kafka()});
  EXPECT_EQ(barrier.code, 0) << barrier.output << all.raw.body;
  EXPECT_NE(barrier.output.find("it has committed above 2 other positions, too"), std::string::npos) << barrier.output;

  consumer.stop();
  const GatewayAnswer event = gateway.publish(topic, "wait=0");
  const std::string ack = R"({"consumer":")" + group + R"(","topic":")" + topic + R"(","partition":)" +
                          std::to_string(event.number("partition")) + R"(,"offset":)" + std::to_string(event.number("offset")) + "}";
  ASSERT_EQ(gateway.post("/acks", ack).status, 204);
  const GatewayAnswer acked = gateway.get("/marks/" + event.mark() + "?wait=20s");
  ASSERT_EQ(acked.status, 200) << acked.raw.body;
  const Ran confirmed = run({"verify", saved(acked.raw.body), "--kafka", kafka()});
  EXPECT_EQ(confirmed.code, 0) << confirmed.output << acked.raw.body;
  EXPECT_NE(confirmed.output.find("its latest ack"), std::string::npos) << confirmed.output;
}

TEST(Cli, AnAddressInUseIsSaid) {
  GatewayProcess gateway({kafka(), "", {}, false});
  const Ran second = run({"serve", "--kafka", kafka(), "--listen", "127.0.0.1:" + std::to_string(gateway.port())});
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.output.find(std::to_string(gateway.port())), std::string::npos) << second.output;
}

}  // namespace
}  // namespace tidemark::test
