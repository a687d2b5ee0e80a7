#include "gateway/settings_topology.h"

#include <gtest/gtest.h>

namespace tidemark::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Settings read(const std::string& text) {
  Settings settings;
  const auto result = apply_yaml(settings, text, "t.yaml");
  EXPECT_TRUE(result.ok()) << result.error().message;
  return settings;
}
std::string error_of(const std::string& text) {
  Settings settings;
  const auto result = apply_yaml(settings, text, "t.yaml");
  return result ? "" : result.error().message;
}
std::string consumer_error(const std::string& lines) { return error_of("consumers:\n  e:\n" + lines); }

TEST(SettingsTopology, EachOutputIsAnEdgeFromItsInput) {
  const Settings s = read("consumers:\n"
                          "  enricher:\n"
                          "    outputs: {orders: [orders-enriched, audit], stock: [audit]}\n"
                          "    emits: within 250ms\n"
                          "    dead_letter: orders-dlt\n"
                          "    reset: earliest\n");
  ASSERT_EQ(s.engine.outputs.size(), 4U);
  const core::Output& first = s.engine.outputs[0];
  EXPECT_EQ(first.consumer, "enricher");
  EXPECT_EQ(first.input, "orders");
  EXPECT_EQ(first.output, "orders-enriched");
  EXPECT_EQ(first.emits, core::Emits::within);
  EXPECT_EQ(first.within, milliseconds(250));
  EXPECT_FALSE(first.dead_letter);
  EXPECT_EQ(s.engine.outputs[1].output, "audit");
  EXPECT_EQ(s.engine.outputs[2].input, "stock");
  EXPECT_EQ(s.engine.outputs[2].within, milliseconds(250));
  const core::Output& dead = s.engine.outputs[3];
  EXPECT_TRUE(dead.dead_letter);
  EXPECT_EQ(dead.input, "");
  EXPECT_EQ(dead.output, "orders-dlt");
  EXPECT_EQ(dead.emits, core::Emits::before_commit);
  EXPECT_TRUE(s.engine.no_dead_letters.empty());
  EXPECT_EQ(s.engine.reset_earliest, std::vector<std::string>{"enricher"});
  EXPECT_TRUE(s.warnings.empty());
}

TEST(SettingsTopology, EmitsHasThreeForms) {
  const auto emits = [](const std::string& value) {
    return read("consumers: {e: {outputs: {a: [b]}, emits: " + value + "}}\n").engine.outputs.at(0);
  };
  EXPECT_FALSE(emits("later").copies_id);
  EXPECT_TRUE(read("consumers: {e: {outputs: {a: [b]}, copies_id: true}}\n").engine.outputs.at(0).copies_id);
  EXPECT_EQ(consumer_error("    outputs: {a: [b]}\n    copies_id: often\n"),
            "t.yaml:4: 'consumers.e.copies_id' can only be true or false");
  EXPECT_EQ(emits("before-commit").emits, core::Emits::before_commit);
  EXPECT_EQ(emits("later").emits, core::Emits::later);
  EXPECT_EQ(emits("within 2s").within, seconds(2));
  for (const char* bad : {"sooner", "within", "[later]", "''", "2s"})
    EXPECT_NE(consumer_error("    outputs: {a: [b]}\n    emits: " + std::string(bad) + "\n")
                  .find("t.yaml:4: 'consumers.e.emits' can only be 'before-commit', 'later', or 'within' and a time"),
              std::string::npos)
        << bad;
  EXPECT_NE(consumer_error("    outputs: {a: [b]}\n    emits: within 2\n").find("write it like"), std::string::npos);
  EXPECT_NE(consumer_error("    outputs: {a: [b]}\n    emits: within 0ms\n").find("not between"), std::string::npos);
  EXPECT_NE(consumer_error("    outputs: {a: [b]}\n    emits: within 2h\n").find("not between"), std::string::npos);
}

TEST(SettingsTopology, DeadLettersAreOneSeveralOrNone) {
  const auto dead = [](const std::string& value) { return read("consumers: {e: {dead_letter: " + value + "}}\n").engine; };
  EXPECT_EQ(dead("[a-dlt, a-retry]").outputs.size(), 2U);
  EXPECT_TRUE(dead("a-dlt").no_dead_letters.empty());
  for (const char* none : {"none", "[]"}) {
    EXPECT_TRUE(dead(none).outputs.empty()) << none;
    EXPECT_EQ(dead(none).no_dead_letters, std::vector<std::string>{"e"}) << none;
  }
  EXPECT_EQ(dead("[none]").outputs.at(0).output, "none");
  EXPECT_EQ(consumer_error("    dead_letter: {a: b}\n"),
            "t.yaml:3: 'consumers.e.dead_letter' must be a topic, a list of topics, or none");
  EXPECT_NE(consumer_error("    dead_letter:\n").find("must be a topic"), std::string::npos);
  EXPECT_NE(consumer_error("    dead_letter: ''\n").find("is not a topic name"), std::string::npos);
}

TEST(SettingsTopology, ContradictionsNameBothLines) {
  EXPECT_EQ(consumer_error("    outputs:\n      a:\n        - b\n        - b\n"),
            "t.yaml:6: 'consumers.e.outputs.a' names 'b' twice: also in line 5");
  EXPECT_EQ(consumer_error("    outputs:\n      a: [b]\n      a: [c]\n"),
            "t.yaml:5: 'consumers.e.outputs' names 'a' twice: also in line 4");
  EXPECT_EQ(consumer_error("    outputs: {a: [b]}\n    outputs: {c: [d]}\n"),
            "t.yaml:4: 'consumers.e.outputs' is given twice: also in line 3");
  EXPECT_EQ(consumer_error("    dead_letter:\n      - x\n      - x\n"),
            "t.yaml:5: 'consumers.e.dead_letter' names 'x' twice: also in line 4");
  EXPECT_EQ(consumer_error("    outputs:\n      a: [c, b]\n    dead_letter: b\n"),
            "t.yaml:5: 'consumers.e.dead_letter' names 'b', which 'consumers.e.outputs.a' in line 4 makes an ordinary "
            "output: a record there would be a failure and none");
  EXPECT_EQ(consumer_error("    copies_id: true\n"),
            "t.yaml:3: 'consumers.e.copies_id' says what outputs carry, and 'consumers.e.outputs' is not given");
  EXPECT_EQ(consumer_error("    emits: later\n"),
            "t.yaml:3: 'consumers.e.emits' says when outputs are written, and 'consumers.e.outputs' is not given");
  EXPECT_NE(consumer_error("    dead_letter: x\n    emits: later\n").find("is not given"), std::string::npos);
}

TEST(SettingsTopology, RefusesWhatIsNoTopicOfTheUsers) {
  EXPECT_EQ(consumer_error("    outputs: {a: [__consumer_offsets]}\n"),
            "t.yaml:3: 'consumers.e.outputs.a' names '__consumer_offsets', a topic that belongs to Kafka or the gateway");
  EXPECT_NE(consumer_error("    outputs: {__acks: [b]}\n").find("belongs to Kafka"), std::string::npos);
  EXPECT_NE(consumer_error("    dead_letter: __x\n").find("belongs to Kafka"), std::string::npos);
  EXPECT_NE(consumer_error("    outputs: {a: ['b c']}\n").find("is not a topic name"), std::string::npos);
  EXPECT_NE(consumer_error("    outputs: {a: [[b]]}\n").find("must name topics"), std::string::npos);
  for (const char* bad : {"a", "[a]", "{}", ""})
    EXPECT_NE(consumer_error("    outputs: " + std::string(bad) + "\n").find("must be a map"), std::string::npos) << bad;
  for (const char* bad : {"b", "{b: c}", "[]", ""})
    EXPECT_NE(consumer_error("    outputs: {a: " + std::string(bad) + "}\n").find("must be a list of topics"),
              std::string::npos)
        << bad;
}

TEST(SettingsTopology, NamesTheNearestKey) {
  EXPECT_EQ(consumer_error("    output: {a: [b]}\n"), "t.yaml:3: unknown key 'output', did you mean 'outputs'?");
  EXPECT_EQ(consumer_error("    dead_leter: x\n"), "t.yaml:3: unknown key 'dead_leter', did you mean 'dead_letter'?");
  EXPECT_EQ(consumer_error("    emit: later\n"), "t.yaml:3: unknown key 'emit', did you mean 'emits'?");
}

TEST(SettingsTopology, AnEdgeThatNobodyWaitsForIsWarnedOf) {
  const std::string consumers = "consumers:\n  e:\n    outputs:\n      orders: [x, y]\n      stock: [x]\n";
  const std::string expected =
      "t.yaml:4: 'consumers.e.outputs.orders' has no effect: 'topics.orders.wait_for' in line 7 leaves 'e' out";
  EXPECT_EQ(read(consumers + "topics:\n  orders: {wait_for: [views]}\n").warnings, std::vector<std::string>{expected});
  EXPECT_EQ(read(consumers + "topics:\n  orders: {wait_for: []}\n").warnings, std::vector<std::string>{expected});
  EXPECT_TRUE(read(consumers + "topics:\n  orders: {wait_for: [views, e]}\n").warnings.empty());
  // Whichever section comes first.
  EXPECT_EQ(read("topics:\n  orders: {wait_for: [views]}\n" + consumers).warnings,
            std::vector<std::string>{
                "t.yaml:6: 'consumers.e.outputs.orders' has no effect: 'topics.orders.wait_for' in line 2 leaves 'e' out"});
}

}  // namespace
}  // namespace tidemark::gateway
