// Covers settings.cpp and settings_yaml.cpp; what consumers write is in settings_topology_test.cpp.
#include "gateway/settings.h"

#include <gtest/gtest.h>

namespace tidemark::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string yaml_error(const std::string& text) {
  Settings settings;
  const auto result = apply_yaml(settings, text, "t.yaml");
  return result ? "" : result.error().message;
}

TEST(SettingsYaml, ReadsEverything) {
  Settings s;
  const auto result = apply_yaml(s,
                                 "kafka:\n  bootstrap: a:1,b:2\n  positions: poll\n"
                                 "listen: 127.0.0.2:9000\n"
                                 "default_wait: 500ms\nmax_wait: 5s\nabsent_grace: 10s\n"
                                 "groups:\n  allow: ['v*']\n  deny: []\n  optional: [o]\n"
                                 "topics:\n  orders: {wait_for: [views, search]}\n  quiet: {wait_for: []}\n"
                                 "consumers:\n  views: {reset: earliest, commits: after-processing, acks: true}\n  search: {acks: true}\n"
                                 "limits: {waits: 7, barrier_partitions: 12, cycle_passes: 5, body_bytes: 2048, header_time: 1s}\n",
                                 "t.yaml");
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(s.kafka_bootstrap, "a:1,b:2");
  EXPECT_TRUE(s.poll_positions);
  EXPECT_EQ(s.listen_address, "127.0.0.2");
  EXPECT_EQ(s.listen_port, 9000);
  EXPECT_EQ(s.waits.default_wait, milliseconds(500));
  EXPECT_EQ(s.waits.max_wait, seconds(5));
  EXPECT_EQ(s.engine.absent_grace, seconds(10));
  EXPECT_EQ(s.engine.allow, std::vector<std::string>{"v*"});
  EXPECT_TRUE(s.engine.deny.empty());
  EXPECT_EQ(s.engine.optional, std::vector<std::string>{"o"});
  EXPECT_EQ(s.engine.wait_for.at("orders"), (std::vector<std::string>{"views", "search"}));
  EXPECT_TRUE(s.engine.wait_for.at("quiet").empty());
  EXPECT_EQ(s.engine.reset_earliest, std::vector<std::string>{"views"});
  EXPECT_EQ(s.engine.commits_after, std::vector<std::string>{"views"});
  EXPECT_EQ(s.engine.acking, (std::vector<std::string>{"views", "search"}));
  EXPECT_EQ(s.engine.max_waits, 7U);
  EXPECT_EQ(s.engine.max_barrier_partitions, 12U);
  EXPECT_EQ(s.engine.cycle_passes, 5);
  EXPECT_EQ(s.http.body_bytes, 2048U);
  EXPECT_EQ(s.http.header_time, seconds(1));
}

TEST(SettingsYaml, NamesTheUnknownKeyItsLineAndTheNearest) {
  EXPECT_EQ(yaml_error("listen: 127.0.0.1:1\ndefualt_wait: 2s\n"),
            "t.yaml:2: unknown key 'defualt_wait', did you mean 'default_wait'?");
  EXPECT_EQ(yaml_error("groups:\n  denied: [x]\n"), "t.yaml:2: unknown key 'denied', did you mean 'deny'?");
  EXPECT_EQ(yaml_error("topics:\n  orders:\n    wait_four: [x]\n"), "t.yaml:3: unknown key 'wait_four', did you mean 'wait_for'?");
  EXPECT_EQ(yaml_error("limits:\n  wiats: 1\n"), "t.yaml:2: unknown key 'limits.wiats', did you mean 'limits.waits'?");
}

TEST(SettingsYaml, RefusesWhatIsMalformedOrNotBuilt) {
  EXPECT_EQ(yaml_error("kafka:\n  positions: guess\n"), "t.yaml:2: 'kafka.positions': 'guess' is neither auto nor poll");
  EXPECT_EQ(yaml_error("create_topics: true\n"), "t.yaml:1: 'create_topics' is not built yet");
  EXPECT_EQ(yaml_error("topology: x\n"), "t.yaml:1: 'topology' is not built yet");
  EXPECT_NE(yaml_error("consumers:\n  v: {reset: latest}\n").find("can only be 'earliest'"), std::string::npos);
  EXPECT_NE(yaml_error("- a\n").find("must be a map"), std::string::npos);
  EXPECT_NE(yaml_error("topics: {a: {wait_for: x}}\n").find("must be a list"), std::string::npos);
  EXPECT_NE(yaml_error("topics: {a: {wait_for: [x, x]}}\n").find("twice"), std::string::npos);
  EXPECT_NE(yaml_error("default_wait: 2\n").find("write it like"), std::string::npos);
  EXPECT_NE(yaml_error("listen: [a, b]\n").find("single value"), std::string::npos);
  EXPECT_NE(yaml_error("a: [\n").find("t.yaml:"), std::string::npos);
  EXPECT_EQ(yaml_error(""), "");
}

TEST(SettingsYaml, ADeclarationHasOneValue) {
  EXPECT_EQ(yaml_error("consumers:\n  v: {commits: before}\n"),
            "t.yaml:2: 'consumers.v.commits' can only be 'after-processing': leave it out to have early commits recognised "
            "by client and rhythm");
  EXPECT_EQ(yaml_error("consumers:\n  v: {acks: false}\n"),
            "t.yaml:2: 'consumers.v.acks' can only be 'true': leave it out for a consumer that sends none");
  EXPECT_EQ(yaml_error("consumers:\n  v: {ack: true}\n"), "t.yaml:2: unknown key 'ack', did you mean 'acks'?");
  EXPECT_EQ(yaml_error("consumers:\n  v: {comits: after-processing}\n"),
            "t.yaml:2: unknown key 'comits', did you mean 'commits'?");
  EXPECT_NE(yaml_error("consumers:\n  v: {acks: [true]}\n").find("can only be 'true'"), std::string::npos);
  EXPECT_NE(yaml_error("consumers:\n  v: {acks: true, acks: true}\n").find("twice"), std::string::npos);
  EXPECT_NE(yaml_error("limits: {cycle_passes: 101}\n").find("from 1 to 100"), std::string::npos);
  EXPECT_NE(yaml_error("limits: {barrier_partitions: 0}\n").find("limits.barrier_partitions"), std::string::npos);
}

TEST(Settings, EveryRowHasAnEnvironmentVariable) {
  EXPECT_EQ(environment_name(*find_setting("kafka.bootstrap")), "TIDEMARK_KAFKA_BOOTSTRAP");
  for (const Setting& setting : scalar_settings()) {
    if (setting.fallback == "none") continue;
    Settings settings;
    std::vector<std::string> unknown;
    const auto result = apply_environment(settings, {{environment_name(setting), std::string(setting.fallback)}}, unknown);
    EXPECT_TRUE(result.ok()) << setting.key << ": its own default is refused";
    EXPECT_TRUE(unknown.empty());
  }
}

TEST(Settings, EnvironmentNamesWhatItDoesNotKnow) {
  Settings settings;
  std::vector<std::string> unknown;
  ASSERT_TRUE(apply_environment(settings, {{"TIDEMARK_LISTNE", "x"}, {"HOME", "y"}}, unknown).ok());
  EXPECT_EQ(unknown, std::vector<std::string>{"TIDEMARK_LISTNE"});
  const auto bad = apply_environment(settings, {{"TIDEMARK_LISTEN", "8750"}}, unknown);
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("TIDEMARK_LISTEN"), std::string::npos);
}

TEST(Settings, ChecksTheWhole) {
  Settings settings;
  EXPECT_NE(check(settings).error().message.find("--kafka"), std::string::npos);
  settings.kafka_bootstrap = "k:9092";
  EXPECT_TRUE(check(settings).ok());
  settings.listen_address = "0.0.0.0";
  EXPECT_NE(check(settings).error().message.find("--insecure-listen"), std::string::npos);
  settings.insecure_listen = true;
  EXPECT_TRUE(check(settings).ok());
  settings.waits.default_wait = settings.waits.max_wait + seconds(1);
  EXPECT_NE(check(settings).error().message.find("above max_wait"), std::string::npos);
}

TEST(Settings, RefusesListenAddressesWithoutAPort) {
  Settings settings;
  for (const char* text : {"", "8750", ":8750", "a:", "a:x", "a:70000"})
    EXPECT_FALSE(find_setting("listen")->apply(settings, text).ok()) << text;
  ASSERT_TRUE(find_setting("listen")->apply(settings, "[::1]:1").ok());
  EXPECT_EQ(settings.listen_address, "::1");
}

}  // namespace
}  // namespace tidemark::gateway
