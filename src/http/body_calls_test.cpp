#include "http/body_calls.h"

#include <gtest/gtest.h>

#include "core/mark.h"

namespace tidemark::http {
namespace {

using Strings = std::vector<std::string>;

Request post(std::string body, std::vector<Parameter> query = {}, std::vector<Field> headers = {}) {
  Request request;
  request.method = "POST";
  request.query = std::move(query);
  request.headers = std::move(headers);
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = std::move(body);
  request.received_at = std::chrono::steady_clock::time_point(std::chrono::seconds(7));
  return request;
}

template <class T>
T taken(Checked<T> checked) {
  if (const Problem* problem = std::get_if<Problem>(&checked)) {
    ADD_FAILURE() << problem->field << ": " << problem->detail;
    return {};
  }
  return std::get<T>(std::move(checked));
}

template <class T>
std::string refused(const Checked<T>& checked) {
  const Problem* problem = std::get_if<Problem>(&checked);
  if (problem == nullptr) return "taken";
  EXPECT_FALSE(problem->detail.empty());
  return std::to_string(problem->kind.status) + " " + problem->field;
}

std::string mark_of(const std::string& topic, core::Offset offset) {
  core::Mark mark;
  core::Term term;
  term.topic = topic;
  term.first = term.last = offset;
  mark.terms.push_back(term);
  return core::encode(mark).value();
}

// `count` times `item`, as a JSON list.
std::string list_of(std::size_t count, const std::string& item) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) text += (i > 0 ? "," : "") + item;
  return text + "]";
}

TEST(BodyCalls, AnAckOfOneRecord) {
  const AckCall call = taken(to_ack(post(R"({"consumer":"views","topic":"orders","partition":3,"offset":41})")));
  EXPECT_EQ(call.consumer, "views");
  EXPECT_EQ(call.topic, "orders");
  EXPECT_EQ(call.partition, 3);
  EXPECT_EQ(call.offsets, (core::Range{41, 41}));
  EXPECT_FALSE(call.failed);
  EXPECT_FALSE(call.id);
  EXPECT_EQ(call.reason, "");
  EXPECT_EQ(call.received.time_since_epoch(), std::chrono::seconds(7));
}

TEST(BodyCalls, AnAckOfARangeThatFailed) {
  const AckCall call = taken(to_ack(post(
      R"({"consumer":"v","topic":"o","partition":0,"offsets":[0,9223372036854775807],"outcome":"failed","reason":"no\nstock"})")));
  EXPECT_EQ(call.offsets, (core::Range{0, 9223372036854775807}));
  EXPECT_TRUE(call.failed);
  EXPECT_EQ(call.reason, "no\nstock");
  EXPECT_EQ(taken(to_ack(post(R"({"consumer":"v","topic":"o","partition":0,"offsets":[5,5],"outcome":"processed","reason":""})"))).offsets,
            (core::Range{5, 5}));
}

TEST(BodyCalls, AnAckByTheEventsId) {
  const AckCall call = taken(to_ack(post(R"({"consumer":"v","id":"01932c07-209a-7b3c-9def-0123456789ab"})")));
  ASSERT_TRUE(call.id);
  EXPECT_EQ(call.id->to_string(), "01932c07-209a-7b3c-9def-0123456789ab");
  EXPECT_TRUE(call.topic.empty());
}

struct BadBody {
  const char* body;
  const char* expected;  // status and field
};

TEST(BodyCalls, BadAcksAreRefusedByName) {
  const std::vector<BadBody> cases = {
      {"", "400 body"},
      {"not json", "400 body"},
      {"{}", "400 consumer"},
      {"[]", "400 body"},
      {R"([{"consumer":"v","topic":"o","partition":0,"offset":1}])", "400 body"},
      {R"({"consumer":"v"})", "400 topic"},
      {R"({"consumer":"v","topic":"o"})", "400 partition"},
      {R"({"consumer":"v","topic":"o","partition":0})", "400 offset"},
      {R"({"consumer":"","topic":"o","partition":0,"offset":1})", "400 consumer"},
      {R"({"consumer":7,"topic":"o","partition":0,"offset":1})", "400 consumer"},
      {R"({"consumer":"a\u0007","topic":"o","partition":0,"offset":1})", "400 consumer"},
      {"{\"consumer\":\"\xff\",\"topic\":\"o\",\"partition\":0,\"offset\":1}", "400 body"},
      {R"({"consumer":"v","topic":"a b","partition":0,"offset":1})", "400 topic"},
      {R"({"consumer":"v","topic":"__tidemark_acks","partition":0,"offset":1})", "403 topic"},
      {R"({"consumer":"v","topic":["o"],"partition":0,"offset":1})", "400 topic"},
      {R"({"consumer":"v","topic":"o","partition":-1,"offset":1})", "400 partition"},
      {R"({"consumer":"v","topic":"o","partition":2147483648,"offset":1})", "400 partition"},
      {R"({"consumer":"v","topic":"o","partition":"0","offset":1})", "400 partition"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":-1})", "400 offset"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":1.5})", "400 offset"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":9223372036854775808})", "400 offset"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":null})", "400 offset"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":1,"offsets":[1,2]})", "400 offsets"},
      {R"({"consumer":"v","topic":"o","partition":0,"offsets":5})", "400 offsets"},
      {R"({"consumer":"v","topic":"o","partition":0,"offsets":[]})", "400 offsets"},
      {R"({"consumer":"v","topic":"o","partition":0,"offsets":[1]})", "400 offsets"},
      {R"({"consumer":"v","topic":"o","partition":0,"offsets":[1,2,3]})", "400 offsets"},
      {R"({"consumer":"v","topic":"o","partition":0,"offsets":[2,1]})", "400 offsets[1]"},
      {R"({"consumer":"v","topic":"o","partition":0,"offsets":["1",2]})", "400 offsets[0]"},
      {R"({"consumer":"v","topic":"o","partition":0,"offsets":[1,-2]})", "400 offsets[1]"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":1,"outcome":"done"})", "400 outcome"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":1,"outcome":true})", "400 outcome"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":1,"outcome":"failed","reason":5})", "400 reason"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":1,"reason":"why"})", "400 reason"},
      {R"({"consumer":"v","topic":"o","partition":0,"ofset":1})", "400 ofset"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":1,"offset":2})", "400 offset"},
      {R"({"consumer":"v","topic":"o","partition":0,"offset":{"a":{"b":{"c":{}}}}})", "400 offset.a.b.c"},
      {R"({"consumer":"v","id":"x"})", "400 id"},
      {R"({"consumer":"v","id":5})", "400 id"},
      {R"({"consumer":"v","id":"01932c07-209a-7b3c-9def-0123456789ab","topic":"o"})", "400 topic"},
      {R"({"consumer":"v","id":"01932c07-209a-7b3c-9def-0123456789ab","offset":1})", "400 offset"},
      {R"({"consumer":"v","id":"01932c07-209a-7b3c-9def-0123456789ab","offsets":[1,2]})", "400 offsets"},
      {R"({"id":"01932c07-209a-7b3c-9def-0123456789ab"})", "400 consumer"},
  };
  for (const BadBody& each : cases) EXPECT_EQ(refused(to_ack(post(each.body))), each.expected) << each.body;
  const std::string failed = R"({"consumer":"v","topic":"o","partition":0,"offset":1,"outcome":"failed","reason":")";
  EXPECT_EQ(refused(to_ack(post(failed + std::string(500, 'x') + "\"}"))), "taken");
  EXPECT_EQ(refused(to_ack(post(failed + std::string(501, 'x') + "\"}"))), "400 reason");
  EXPECT_EQ(refused(to_ack(post("{}", {{"wait", "1s"}}))), "400 wait");
  Request plain = post(R"({"consumer":"v","topic":"o","partition":0,"offset":1})");
  plain.headers = {{"Content-Type", "text/plain"}};
  EXPECT_EQ(refused(to_ack(plain)), "415 Content-Type");
}

TEST(BodyCalls, ABarrierCarriesAllThatWasSaid) {
  const Waits waits = taken(to_waits(
      post(R"({"positions":[{"topic":"a","partition":1,"offset":0},{"topic":"b","partition":0,"offset":7}],"marks":[")" +
               mark_of("c", 1) + R"(",")" + mark_of("d", 2) + R"("],"topics":["view","x","view"],"for":["v","w","v"],"scope":"event"})",
           {{"wait", "250ms"}}),
      {}));
  ASSERT_EQ(waits.call.positions.size(), 2U);
  EXPECT_EQ(waits.call.positions[0].topic, "a");
  EXPECT_EQ(waits.call.positions[0].partition, 1);
  EXPECT_EQ(waits.call.positions[0].offset, 0);
  EXPECT_EQ(waits.call.positions[1].offset, 7);
  EXPECT_EQ(waits.call.mark.terms.size(), 2U);
  EXPECT_EQ(waits.call.topics, (Strings{"view", "x"}));
  EXPECT_EQ(waits.call.only, (Strings{"v", "w"}));
  EXPECT_EQ(waits.call.scope, core::Scope::event);
  EXPECT_TRUE(waits.call.wait);
  EXPECT_EQ(waits.call.wait_for, std::chrono::milliseconds(250));
  EXPECT_EQ(waits.call.received.time_since_epoch(), std::chrono::seconds(7));
}

TEST(BodyCalls, ABarriersScopeIsTheEventsUnlessSaid) {
  const auto scope = [](const std::string& more) {
    return taken(to_waits(post(R"({"topics":["view"])" + more + "}"), {})).call.scope;
  };
  EXPECT_EQ(scope(""), core::Scope::event);
  EXPECT_EQ(scope(R"(,"scope":"watermark")"), core::Scope::watermark);
}

TEST(BodyCalls, ABarrierWaitsByDefault) {
  const std::string body = R"({"topics":["view"]})";
  const auto waits = [&](std::vector<Parameter> query, std::vector<Field> headers) {
    return taken(to_waits(post(body, std::move(query), std::move(headers)), {}));
  };
  EXPECT_TRUE(waits({}, {}).call.wait);
  EXPECT_FALSE(waits({}, {}).call.wait_for);
  EXPECT_EQ(waits({}, {{"Prefer", "wait=600"}}).preference_applied, "wait=60");
  EXPECT_EQ(waits({}, {{"Prefer", "wait=3"}}).call.wait_for, std::chrono::seconds(3));
  EXPECT_FALSE(waits({{"wait", "0"}}, {{"Prefer", "wait=3"}}).call.wait);
  EXPECT_FALSE(waits({}, {{"Prefer", "respond-async"}}).call.wait);
}

TEST(BodyCalls, BadBarriersAreRefusedByName) {
  const std::string good = R"("topics":["t"])";
  const std::string mark = mark_of("a", 1);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "400 body"},
      {"{}", "400 body"},
      {R"({"positions":[]})", "400 body"},
      {R"({"topics":[],"marks":[],"positions":[]})", "400 body"},
      {R"({"for":["v"]})", "400 body"},
      {R"(["t"])", "400 body"},
      {R"({"topics":"t"})", "400 topics"},
      {R"({"topics":[5]})", "400 topics[0]"},
      {R"({"topics":["t",""]})", "400 topics[1]"},
      {R"({"topics":["t","a/b"]})", "400 topics[1]"},
      {R"({"topics":["__consumer_offsets"]})", "403 topics[0]"},
      {R"({"topic":["t"]})", "400 topic"},
      {R"({"positions":{}})", "400 positions"},
      {R"({"positions":[1]})", "400 positions[0]"},
      {R"({"positions":[{"partition":0,"offset":1}]})", "400 positions[0].topic"},
      {R"({"positions":[{"topic":"a","offset":1}]})", "400 positions[0].partition"},
      {R"({"positions":[{"topic":"a","partition":0}]})", "400 positions[0].offset"},
      {R"({"positions":[{"topic":"a","partition":0,"offset":1},{"topic":"a","partition":0,"offset":-1}]})",
       "400 positions[1].offset"},
      {R"({"positions":[{"topic":"a","partition":0,"offset":1,"key":"k"}]})", "400 positions[0].key"},
      {R"({"positions":[{"topic":"a","partition":0,"offset":1,"offset":2}]})", "400 positions[0].offset"},
      {R"({"marks":["x"]})", "400 marks[0]"},
      {R"({"marks":[")" + mark + R"(",7]})", "400 marks[1]"},
      {R"({"marks":[")" + mark + R"(",""]})", "400 marks[1]"},
      {R"({"marks":")" + mark + R"("})", "400 marks"},
      {"{" + good + R"(,"for":"v"})", "400 for"},
      {"{" + good + R"(,"for":[]})", "400 for"},
      {"{" + good + R"(,"for":["v",""]})", "400 for[1]"},
      {"{" + good + R"(,"for":["a\u0000"]})", "400 for[0]"},
      {"{" + good + R"(,"scope":"evnt"})", "400 scope"},
      {"{" + good + R"(,"scope":1})", "400 scope"},
      {"{" + good + R"(,"basis":"timing"})", "400 basis"},
      {"{" + good + R"(,"wait":"1s"})", "400 wait"},
      {"{\"topics\":" + list_of(1'001, "\"t\"") + "}", "400 topics"},
      {"{\"positions\":" + list_of(1'001, R"({"topic":"t","partition":0,"offset":1})") + "}", "400 positions"},
      {"{\"marks\":" + list_of(65, "\"" + mark + "\"") + "}", "400 marks"},
      {"{" + good + ",\"for\":" + list_of(257, "\"v\"") + "}", "400 for"},
      {"{\"topics\":" + std::string(10'000, '[') + "}", "400 topics[0][0][0]"},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(refused(to_waits(post(body), {})), expected) << body.substr(0, 200);
  EXPECT_EQ(refused(to_waits(post("{\"topics\":" + list_of(1'000, "\"t\"") + ",\"positions\":" +
                                  list_of(1'000, R"({"topic":"t","partition":0,"offset":1})") + ",\"marks\":" +
                                  list_of(64, "\"" + mark + "\"") + ",\"for\":" + list_of(256, "\"v\"") + "}"),
                             {})),
            "taken");
}

TEST(BodyCalls, BadParametersOfABarrierAreRefusedByName) {
  const auto with = [](std::vector<Parameter> query) { return refused(to_waits(post(R"({"topics":["t"]})", std::move(query)), {})); };
  EXPECT_EQ(with({{"wait", "5"}}), "400 wait");
  EXPECT_EQ(with({{"wait", "61s"}}), "400 wait");
  EXPECT_EQ(with({{"for", "v"}}), "400 for");
  EXPECT_EQ(with({{"scope", "event"}}), "400 scope");
  EXPECT_EQ(with({{"wiat", "5s"}}), "400 wiat");
}

TEST(BodyCalls, MarksThatDoNotFitInOneAreRefused) {
  std::string marks;
  for (int i = 0; i < 60; ++i) marks += (i > 0 ? ",\"" : "\"") + mark_of(std::string(200, 'x') + std::to_string(i), 1) + "\"";
  const std::string answer = refused(to_waits(post("{\"marks\":[" + marks + "]}"), {}));
  EXPECT_TRUE(answer.starts_with("400 marks[") || answer == "taken") << answer;
}

}  // namespace
}  // namespace tidemark::http
