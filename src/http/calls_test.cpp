#include "http/calls.h"

#include <gtest/gtest.h>

namespace tidemark::http {
namespace {

Request post(std::vector<Parameter> query = {}, std::vector<Field> headers = {}, std::string body = "v") {
  Request request;
  request.method = "POST";
  request.query = std::move(query);
  request.headers = std::move(headers);
  request.body = std::move(body);
  request.received_at = std::chrono::steady_clock::time_point(std::chrono::seconds(7));
  return request;
}

Publish accepted(Request request, std::string topic = "orders") {
  Checked<Publish> checked = to_publish(std::move(request), std::move(topic), {});
  if (const Problem* problem = std::get_if<Problem>(&checked)) {
    ADD_FAILURE() << problem->detail;
    return {};
  }
  return std::get<Publish>(std::move(checked));
}

// The status and field of what is wrong, such as "400 wait".
std::string refused(Request request, std::string topic = "orders") {
  const Checked<Publish> checked = to_publish(std::move(request), std::move(topic), {});
  const Problem* problem = std::get_if<Problem>(&checked);
  return problem ? std::to_string(problem->kind.status) + " " + problem->field : "taken";
}

TEST(Calls, APublishCarriesAllThatWasSaid) {
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const Publish publish = accepted(post({{"key", "k"}, {"partition", "2"}, {"wait", "250ms"}, {"for", "views,search"}},
                                        {{"Content-Type", "application/json"},
                                         {"traceparent", trace},
                                         {"baggage", "a=1"},
                                         {"Baggage", "b=2"},
                                         {"Kafka-Header-Source", "web"},
                                         {"kafka-header-x", ""}},
                                        "{}"));
  EXPECT_EQ(publish.call.topic, "orders");
  EXPECT_EQ(publish.call.key, "k");
  EXPECT_EQ(publish.call.partition, 2);
  EXPECT_TRUE(publish.call.wait);
  EXPECT_EQ(publish.call.wait_for, std::chrono::milliseconds(250));
  EXPECT_EQ(publish.call.only, (std::vector<std::string>{"views", "search"}));
  EXPECT_EQ(publish.call.content_type, "application/json");
  EXPECT_EQ(publish.call.traceparent, trace);
  EXPECT_EQ(publish.call.baggage, "a=1,b=2");
  ASSERT_EQ(publish.call.headers.size(), 2U);
  EXPECT_EQ(publish.call.headers[0], (std::pair<std::string, std::string>("Source", "web")));
  EXPECT_EQ(publish.call.headers[1], (std::pair<std::string, std::string>("x", "")));
  EXPECT_EQ(publish.call.value, "{}");
  EXPECT_EQ(publish.call.received.time_since_epoch(), std::chrono::seconds(7));
  EXPECT_EQ(publish.preference_applied, "");
}

TEST(Calls, APublishNeedsNothingButATopic) {
  const Publish publish = accepted(post({}, {}, ""));
  EXPECT_FALSE(publish.call.key);
  EXPECT_FALSE(publish.call.partition);
  EXPECT_TRUE(publish.call.wait);
  EXPECT_FALSE(publish.call.wait_for);
  EXPECT_TRUE(publish.call.only.empty());
  EXPECT_FALSE(publish.call.traceparent);
  EXPECT_FALSE(publish.call.baggage);
  EXPECT_EQ(publish.call.value, "");
  EXPECT_EQ(accepted(post({}, {{"Prefer", "wait=600"}})).preference_applied, "wait=60");
  EXPECT_FALSE(accepted(post({}, {{"Prefer", "respond-async"}})).call.wait);
}

TEST(Calls, TheScopeIsTheEventsUnlessSaid) {
  EXPECT_EQ(accepted(post()).call.scope, core::Scope::event);
  EXPECT_EQ(accepted(post({{"scope", "event"}})).call.scope, core::Scope::event);
  EXPECT_EQ(accepted(post({{"scope", "watermark"}})).call.scope, core::Scope::watermark);
  EXPECT_EQ(refused(post({{"scope", "watermrak"}})), "400 scope");
  EXPECT_EQ(refused(post({{"scope", ""}})), "400 scope");
  EXPECT_EQ(refused(post({{"scope", "event"}, {"scope", "watermark"}})), "400 scope");
}

TEST(Calls, WhatIsNotBuiltIsRefusedByName) {
  EXPECT_EQ(refused(post({{"basis", "timing"}})), "400 basis");
  EXPECT_EQ(refused(post({{"tombstone", "true"}})), "400 tombstone");
  EXPECT_EQ(refused(post({{"timestamp", "0"}})), "400 timestamp");
  EXPECT_EQ(refused(post({}, {{"Idempotency-Key", "\"a\""}})), "400 Idempotency-Key");
  EXPECT_EQ(refused(post({}, {{"ce-id", "1"}})), "400 ce-id");
  EXPECT_EQ(refused(post({}, {{"CE-SpecVersion", "1.0"}})), "400 CE-SpecVersion");
  EXPECT_EQ(refused(post({}, {{"Content-Type", "application/vnd.kafka.json.v2+json"}})), "415 Content-Type");
  EXPECT_EQ(refused(post({}, {{"Content-Type", "Application/CloudEvents+json; charset=utf-8"}})), "415 Content-Type");
  EXPECT_EQ(refused(post({}, {{"Content-Type", "application/cloudevents-batch+json"}})), "415 Content-Type");
  EXPECT_EQ(refused(post({}, {{"Content-Encoding", "gzip"}})), "415 Content-Encoding");
  EXPECT_EQ(refused(post({}, {{"Content-Encoding", "identity"}})), "taken");
}

TEST(Calls, BadInputIsRefusedByName) {
  EXPECT_EQ(refused(post({{"wait", "5"}})), "400 wait");
  EXPECT_EQ(refused(post({{"wait", "61s"}})), "400 wait");
  EXPECT_EQ(refused(post({{"partition", "x"}})), "400 partition");
  EXPECT_EQ(refused(post({{"for", "a,,b"}})), "400 for");
  EXPECT_EQ(refused(post({{"key64", "!"}})), "400 key64");
  EXPECT_EQ(refused(post({{"wiat", "5s"}})), "400 wiat");
  EXPECT_EQ(refused(post({}, {{"Content-Type", "a/b"}, {"content-type", "c/d"}})), "400 Content-Type");
  EXPECT_EQ(refused(post({}, {{"Kafka-Header-", "x"}})), "400 Kafka-Header-");
  for (const char* name : {"tidemark-id", "TraceParent", "baggage", "content-type"})
    EXPECT_EQ(refused(post({}, {{std::string("Kafka-Header-") + name, "x"}})), std::string("400 Kafka-Header-") + name);
}

TEST(Calls, TopicNamesFollowKafka) {
  EXPECT_EQ(refused(post(), "a.b_c-D9"), "taken");
  EXPECT_EQ(refused(post(), std::string(249, 'x')), "taken");
  EXPECT_EQ(refused(post(), "_private"), "taken");
  EXPECT_EQ(refused(post(), "__consumer_offsets"), "403 topic");
  EXPECT_EQ(refused(post(), "__"), "403 topic");
  for (const std::string& topic : {std::string(), std::string("."), std::string(".."), std::string(250, 'x'),
                                   std::string("a b"), std::string("a/b"), std::string("\xc3\xa9"),
                                   std::string("a\0", 2)})
    EXPECT_EQ(refused(post(), topic), "400 topic") << printable(topic);
}

TEST(Calls, TraceparentIsKeptOnlyWhenValid) {
  const std::string valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_TRUE(is_valid_traceparent(valid));
  EXPECT_TRUE(is_valid_traceparent("cc" + valid.substr(2) + "-what-the-future-will-be-like"));
  EXPECT_FALSE(is_valid_traceparent(valid + "-more"));
  EXPECT_FALSE(is_valid_traceparent("cc" + valid.substr(2) + "."));
  EXPECT_FALSE(is_valid_traceparent("ff" + valid.substr(2)));
  EXPECT_FALSE(is_valid_traceparent(valid.substr(1)));
  EXPECT_FALSE(is_valid_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
  EXPECT_FALSE(is_valid_traceparent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"));
  EXPECT_FALSE(is_valid_traceparent("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  for (std::size_t at = 0; at < valid.size(); ++at) {
    std::string broken = valid;
    broken[at] = '!';
    EXPECT_FALSE(is_valid_traceparent(broken)) << broken;
  }
  EXPECT_FALSE(accepted(post({}, {{"traceparent", "nonsense"}})).call.traceparent);
  EXPECT_FALSE(accepted(post({}, {{"traceparent", valid}, {"traceparent", valid}})).call.traceparent);
}

std::string mark_of(const std::string& topic, core::Offset offset) {
  core::Mark mark;
  core::Term term;
  term.topic = topic;
  term.first = term.last = offset;
  mark.terms.push_back(term);
  return core::encode(mark).value();
}

TEST(Calls, AMarkIsReadAndSeveralAreMerged) {
  Request request;
  request.query = {{"wait", "1s"}, {"for", "views"}};
  const std::string marks = mark_of("a", 1) + "+" + mark_of("b", 2);
  const Checked<Resume> checked = to_resume(request, marks, {});
  ASSERT_TRUE(std::holds_alternative<Resume>(checked));
  const MarkCall& call = std::get<Resume>(checked).call;
  EXPECT_EQ(call.mark.terms.size(), 2U);
  EXPECT_TRUE(call.wait);
  EXPECT_EQ(call.wait_for, std::chrono::seconds(1));
  EXPECT_EQ(call.only, std::vector<std::string>{"views"});
  EXPECT_EQ(call.scope, core::Scope::event);
  request.query.push_back({"scope", "watermark"});
  EXPECT_EQ(std::get<Resume>(to_resume(request, marks, {})).call.scope, core::Scope::watermark);
  request.query.back().value = "all";
  EXPECT_EQ(std::get<Problem>(to_resume(request, marks, {})).field, "scope");
}

TEST(Calls, AMarkIsWaitedForOnlyOnRequest) {
  Request request;
  const auto resume = [&] { return std::get<Resume>(to_resume(request, mark_of("a", 1), {})); };
  EXPECT_FALSE(resume().call.wait);
  request.headers = {{"Prefer", "wait=2"}};
  EXPECT_TRUE(resume().call.wait);
  EXPECT_EQ(resume().preference_applied, "wait=2");
  request.headers = {{"Prefer", "respond-async"}};
  EXPECT_FALSE(resume().call.wait);
  EXPECT_EQ(resume().preference_applied, "");
  request.query = {{"wait", "0"}};
  EXPECT_FALSE(resume().call.wait);
}

TEST(Calls, BadMarksAreRefusedByName) {
  Request request;
  const auto refused_mark = [&](const std::string& marks) {
    const Checked<Resume> checked = to_resume(request, marks, {});
    const Problem* problem = std::get_if<Problem>(&checked);
    return problem ? std::to_string(problem->kind.status) + " " + problem->field : "taken";
  };
  const std::string good = mark_of("a", 1);
  EXPECT_EQ(refused_mark(good), "taken");
  for (const std::string& marks : {std::string(), std::string("x"), std::string("+"), good + "+", "+" + good,
                                   good + "++" + good, good + "x", good.substr(1)})
    EXPECT_EQ(refused_mark(marks), "400 mark") << marks;
  std::string changed = good;
  changed[4] = changed[4] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refused_mark(changed), "400 mark");
  request.query = {{"key", "x"}};
  EXPECT_EQ(refused_mark(good), "400 key");
  request.query = {};
  request.headers = {{"Accept", "text/event-stream"}};
  EXPECT_EQ(refused_mark(good), "400 Accept");
}

TEST(Calls, OtherRoutesTakeNoParameters) {
  Request request;
  EXPECT_FALSE(check_plain(request));
  request.query = {{"x", "y"}};
  EXPECT_EQ(check_plain(request)->kind.status, 400);
}

}  // namespace
}  // namespace tidemark::http
