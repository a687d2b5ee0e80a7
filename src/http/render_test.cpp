// Covers render.cpp and render_views.cpp.
#include "http/render.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace tidemark::http {
namespace {

namespace json = boost::json;
using std::chrono::microseconds;

std::string header(const Response& response, std::string_view name) {
  for (const AnswerField& field : response.headers)
    if (field.name == name) return field.value;
  return "-";
}

core::Mark a_mark(const std::string& topic = "orders") {
  core::Mark mark;
  core::Term term;
  term.topic = topic;
  term.first = term.last = 41;
  mark.terms.push_back(term);
  return mark;
}

core::ConsumerOutcome a_consumer(const std::string& name, core::Outcome outcome) {
  core::ConsumerOutcome consumer;
  consumer.name = name;
  consumer.outcome = outcome;
  consumer.elapsed = microseconds(1400);
  return consumer;
}

core::Evidence an_evidence(core::Evidence::Source source, core::Offset committed, core::Offset anchor) {
  core::Evidence evidence;
  evidence.source = source;
  evidence.committed = committed;
  evidence.anchor = anchor;
  return evidence;
}

core::Answer a_publish() {
  core::Answer answer;
  answer.is_publish = true;
  answer.id = *Uuid::parse("01932c07-209a-7b3c-9def-0123456789ab");
  answer.mark = a_mark();
  answer.positions = {{"orders", {}, 3, 41, 7}};
  answer.append_elapsed = microseconds(600);
  answer.elapsed = microseconds(1450);
  answer.settled = true;
  core::ConsumerOutcome views = a_consumer("views", core::Outcome::processed);
  views.evidence = an_evidence(core::Evidence::Source::commit, 42, 40);
  views.evidence.at = {17, 9001};
  answer.consumers = {views};
  return answer;
}

TEST(Render, AProcessedPublish) {
  const core::Answer answer = a_publish();
  const Response response = render(answer, {true, "wait=5"});
  const std::string mark = core::encode(answer.mark).value();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            R"({"id":"01932c07-209a-7b3c-9def-0123456789ab","mark":")" + mark +
                R"(","topic":"orders","partition":3,"offset":41,"settled":true,"basis":"commit","elapsed_ms":1.45,)"
                R"("consumers":[{"name":"views","outcome":"processed","basis":"commit","elapsed_ms":1.4,)"
                R"("evidence":{"source":"commit","committed":42,"anchor":40,"commits_partition":17,)"
                R"("commits_offset":9001},"hint":null,"via":[]}]})"
                "\n");
  EXPECT_EQ(header(response, "Tidemark-Mark"), mark);
  EXPECT_EQ(header(response, "Tidemark-Outcome"), "processed");
  EXPECT_EQ(header(response, "Preference-Applied"), "wait=5");
  EXPECT_EQ(header(response, "Server-Timing"), R"(append;dur=0.6, c1;desc="views";dur=1.4)");
  EXPECT_EQ(header(response, "Location"), "-");
}

TEST(Render, AConsumerOfADerivedTopicShowsItsPathAndItsFence) {
  core::Answer answer = a_publish();
  core::ConsumerOutcome& views = answer.consumers[0];
  views.via = {{"enricher", "orders-enriched", microseconds(2100)}, {"totals", "sums", core::Duration::zero()}};
  views.position = {"sums", {}, 2, 11, 4};
  const std::string body = render(answer, {}).body;
  EXPECT_NE(body.find(R"("via":[{"name":"enricher","topic":"orders-enriched","elapsed_ms":2.1},)"
                      R"({"name":"totals","topic":"sums","elapsed_ms":null}])"),
            std::string::npos)
      << body;
  EXPECT_NE(body.find(R"("evidence":{"source":"commit","topic":"sums","partition":2,"fence":12,"committed":42,)"),
            std::string::npos)
      << body;
  views.position.offset = core::kNoOffset;
  EXPECT_NE(render(answer, {}).body.find(R"("fence":null)"), std::string::npos);
  views.position = {};
  EXPECT_EQ(render(answer, {}).body.find("fence"), std::string::npos) << "not known";
}

TEST(Render, TheEdgesOfTheTopology) {
  core::EdgeView edge;
  edge.consumer = "enricher";
  edge.input = "orders";
  edge.output = "orders-enriched";
  edge.emits = core::Emits::within;
  edge.within = std::chrono::milliseconds(250);
  core::EdgeView dead;
  dead.output = "orders-dlt";
  dead.dead_letter = dead.by_name = true;
  core::EdgeView late = edge;
  late.emits = core::Emits::later;
  EXPECT_EQ(render(std::vector<core::EdgeView>{edge, dead, late}).body,
            R"({"edges":[{"consumer":"enricher","input":"orders","output":"orders-enriched","source":"configured",)"
            R"("emits":"within 250ms","dead_letter":false},)"
            R"({"consumer":null,"input":null,"output":"orders-dlt","source":"convention","emits":"before-commit",)"
            R"("dead_letter":true},)"
            R"({"consumer":"enricher","input":"orders","output":"orders-enriched","source":"configured","emits":"later",)"
            R"("dead_letter":false}]})"
            "\n");
}

TEST(Render, WhatIsNotFollowedIsNamed) {
  core::Answer answer = a_publish();
  EXPECT_EQ(render(answer, {}).body.find("deferred"), std::string::npos);
  answer.deferred = {{"enricher", "orders", "audit", core::Deferred::Why::later, 0},
                     {"retrier", "orders-retry", "orders-retry", core::Deferred::Why::cycle, 3},
                     {"enricher", "orders", "gone", core::Deferred::Why::unknown_topic, 0}};
  const Response response = render(answer, {});
  EXPECT_EQ(response.status, 200) << "it is named, not waited for";
  const json::value body = json::parse(response.body);
  EXPECT_EQ(json::serialize(body.at("deferred")),
            R"([{"name":"enricher","input":"orders","topic":"audit","reason":"later"},)"
            R"({"name":"retrier","input":"orders-retry","topic":"orders-retry","reason":"cycle","passes":3},)"
            R"({"name":"enricher","input":"orders","topic":"gone","reason":"unknown_topic"}])");
}

TEST(Render, APendingPublishSaysWhereToAskAgain) {
  core::Answer answer = a_publish();
  answer.settled = false;
  core::ConsumerOutcome slow = a_consumer("search \"\\\x80", core::Outcome::pending);
  slow.reason = core::PendingReason::not_started;
  slow.hint = "start it";
  answer.consumers.push_back(slow);
  const Response response = render(answer, {});
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(header(response, "Location"), "/marks/" + core::encode(answer.mark).value());
  EXPECT_EQ(header(response, "Tidemark-Outcome"), "pending");
  EXPECT_EQ(header(response, "Preference-Applied"), "-");
  EXPECT_EQ(header(response, "Server-Timing"),
            R"(append;dur=0.6, c1;desc="views";dur=1.4, c2;desc="search \"\\\\x80";dur=1.4)");
  const json::value body = json::parse(response.body);
  EXPECT_FALSE(body.at("settled").as_bool());
  const json::value& consumer = body.at("consumers").at(1);
  EXPECT_EQ(consumer.at("outcome").as_string(), "pending");
  EXPECT_EQ(consumer.at("reason").as_string(), "not_started");
  EXPECT_EQ(consumer.at("hint").as_string(), "start it");
  EXPECT_TRUE(consumer.at("evidence").is_null());
}

TEST(Render, SettledWithoutSuccessIs202AndFailed) {
  for (const core::Outcome outcome : {core::Outcome::absent, core::Outcome::skipped, core::Outcome::unanchored,
                                      core::Outcome::handed_over, core::Outcome::failed}) {
    core::Answer answer = a_publish();
    answer.consumers.push_back(a_consumer("b", outcome));
    const Response response = render(answer, {});
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(header(response, "Tidemark-Outcome"), "failed");
    EXPECT_EQ(json::parse(response.body).at("consumers").at(1).at("outcome").as_string(),
              std::string(core::name_of(outcome)));
  }
}

TEST(Render, NobodyToWaitForIsNotNobodyKnown) {
  core::Answer answer = a_publish();
  answer.consumers.clear();
  Response response = render(answer, {});
  EXPECT_EQ(response.status, 200) << "configured so";
  EXPECT_EQ(json::parse(response.body).at("consumers").as_array().size(), 0U);

  answer.no_consumers_known = true;
  response = render(answer, {});
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(header(response, "Tidemark-Outcome"), "failed");
  const json::value body = json::parse(response.body);
  EXPECT_TRUE(body.at("settled").as_bool());
  EXPECT_TRUE(body.at("no_consumers_known").as_bool());
  EXPECT_FALSE(body.at("hint").as_string().empty());
}

TEST(Render, DeclaredAnchorsAndSeedsAreShownAsSuch) {
  core::Answer answer = a_publish();
  answer.consumers[0].evidence = an_evidence(core::Evidence::Source::seed, 42, 0);
  answer.consumers[0].evidence.anchor_declared = true;
  const json::value body = json::parse(render(answer, {}).body);
  const json::value& evidence = body.at("consumers").at(0).at("evidence");
  EXPECT_EQ(evidence.at("source").as_string(), "seed");
  EXPECT_EQ(evidence.at("anchor").as_int64(), 0);
  EXPECT_TRUE(evidence.at("anchor_declared").as_bool());
  EXPECT_TRUE(evidence.at("commits_partition").is_null());
  EXPECT_TRUE(evidence.at("commits_offset").is_null());
}

TEST(Render, EvidenceOfAcksAndShareGroups) {
  core::Answer answer = a_publish();
  core::ConsumerOutcome acker = a_consumer("acker", core::Outcome::failed);
  acker.evidence.source = core::Evidence::Source::ack;
  acker.evidence.acked = {40, 43};
  acker.evidence.reason = "no \"stock\"";
  acker.hint = "look there";
  core::ConsumerOutcome share = a_consumer("share", core::Outcome::processed);
  share.evidence.source = core::Evidence::Source::share;
  share.evidence.acked = {41, 41};
  share.evidence.at = {(1 << 29) + 3, 77};
  core::ConsumerOutcome waiting = a_consumer("waiting", core::Outcome::pending);
  waiting.reason = core::PendingReason::ack;
  answer.consumers = {acker, share, waiting};
  const json::value body = json::parse(render(answer, {}).body);
  EXPECT_EQ(body.at("basis").as_string(), "mixed");
  const json::value& first = body.at("consumers").at(0);
  EXPECT_EQ(json::serialize(first.at("evidence")),
            R"({"source":"ack","committed":null,"anchor":null,"acked":[40,43],"commits_partition":null,"commits_offset":null})");
  EXPECT_EQ(first.at("basis").as_string(), "ack");
  EXPECT_EQ(first.at("reason").as_string(), "no \"stock\"");
  EXPECT_EQ(first.at("hint").as_string(), "look there");
  EXPECT_EQ(json::serialize(body.at("consumers").at(1).at("evidence")),
            R"({"source":"share","committed":null,"anchor":null,"acked":[41,41],"state_partition":3,"state_offset":77})");
  EXPECT_EQ(body.at("consumers").at(1).at("basis").as_string(), "share");
  EXPECT_EQ(body.at("consumers").at(2).at("basis").as_string(), "ack");
  EXPECT_EQ(body.at("consumers").at(2).at("reason").as_string(), "ack");
  answer.consumers = {acker};
  EXPECT_EQ(json::parse(render(answer, {}).body).at("basis").as_string(), "ack");
}

TEST(Render, APolledCommitHasNoRecord) {
  core::Answer answer = a_publish();
  answer.consumers[0].evidence = an_evidence(core::Evidence::Source::poll, 42, 40);
  answer.consumers[0].evidence.at = {core::kPolledLog, 5};
  const json::value body = json::parse(render(answer, {}).body);
  const json::value& evidence = body.at("consumers").at(0).at("evidence");
  EXPECT_EQ(evidence.at("source").as_string(), "poll");
  EXPECT_TRUE(evidence.at("commits_partition").is_null());
  EXPECT_TRUE(evidence.at("commits_offset").is_null());
  EXPECT_EQ(body.at("basis").as_string(), "poll");
}

TEST(Render, ABarrierHasPositionsAndAMarkOnlyWhereItFits) {
  core::Answer answer = a_publish();
  answer.is_publish = false;
  answer.id = {};
  answer.settled = false;
  answer.consumers[0].evidence.since = 7;
  const Asked asked{false, "", true};
  const Response response = render(answer, asked);
  EXPECT_EQ(response.status, 202) << "also when it was not to wait";
  EXPECT_NE(header(response, "Location"), "-");
  const json::value body = json::parse(response.body);
  ASSERT_EQ(body.at("positions").as_array().size(), 1U);
  EXPECT_EQ(body.at("positions").at(0).at("offset").as_int64(), 41);
  EXPECT_FALSE(body.as_object().contains("id"));
  EXPECT_FALSE(body.as_object().contains("offset"));
  EXPECT_EQ(body.at("consumers").at(0).at("evidence").at("since").as_int64(), 7);

  for (int i = 0; i < 1'000; ++i) answer.mark.terms.push_back(a_mark(std::string(200, 'x') + std::to_string(i)).terms[0]);
  answer.settled = true;
  const Response large = render(answer, asked);
  EXPECT_EQ(large.status, 200);
  EXPECT_EQ(header(large, "Tidemark-Mark"), "-");
  EXPECT_FALSE(json::parse(large.body).as_object().contains("mark"));
  answer.settled = false;
  EXPECT_EQ(header(render(answer, asked), "Location"), "-");
  answer.mark = {};
  answer.positions.clear();
  const Response none = render(answer, asked);
  EXPECT_EQ(none.status, 202);
  EXPECT_TRUE(json::parse(none.body).at("positions").as_array().empty());
}

TEST(Render, Acks) {
  const Response acked = render_acked();
  EXPECT_EQ(acked.status, 204);
  EXPECT_EQ(acked.body, "");
  using Fate = core::Delivery::Fate;
  using Reason = core::Delivery::Reason;
  struct Case {
    Fate fate;
    Reason reason;
    int status;
    const char* type;
  };
  for (const Case& each : {Case{Fate::unknown, Reason::timeout, 504, "/problems/ack-unknown"},
                           Case{Fate::unknown, Reason::none, 504, "/problems/ack-unknown"},
                           Case{Fate::not_appended, Reason::unavailable, 503, "/problems/ack-unavailable"},
                           Case{Fate::not_appended, Reason::timeout, 503, "/problems/ack-unavailable"},
                           Case{Fate::not_appended, Reason::limit, 503, "/problems/overloaded"},
                           Case{Fate::not_appended, Reason::forbidden, 502, "/problems/ack-not-written"},
                           Case{Fate::not_appended, Reason::unknown_topic, 502, "/problems/ack-not-written"}}) {
    core::Delivery delivery;
    delivery.fate = each.fate;
    delivery.reason = each.reason;
    delivery.detail = "why";
    const Response response = render_failed_ack(delivery);
    EXPECT_EQ(response.status, each.status);
    EXPECT_EQ(header(response, "Retry-After"), each.status == 503 ? "1" : "-");
    const json::value body = json::parse(response.body);
    EXPECT_EQ(body.at("type").as_string(), each.type);
    EXPECT_EQ(body.at("detail").as_string(), "why");
    EXPECT_EQ(body.at("appended"), each.fate == Fate::unknown ? json::value("unknown") : json::value(false));
  }
}

TEST(Render, AMarksStateIs200UnlessItWasWaitedFor) {
  core::Answer answer = a_publish();
  answer.is_publish = false;
  answer.id = {};
  answer.settled = false;
  answer.positions.push_back({"views", {}, 0, 7, -1});
  answer.consumers[0].position = answer.positions[1];
  const Response state = render(answer, {false, ""});
  EXPECT_EQ(state.status, 200);
  EXPECT_EQ(header(state, "Tidemark-Outcome"), "pending");
  EXPECT_EQ(header(state, "Location"), "-");
  const Response waited = render(answer, {true, ""});
  EXPECT_EQ(waited.status, 202);
  EXPECT_NE(header(waited, "Location"), "-");
  EXPECT_EQ(header(waited, "Server-Timing"), R"(c1;desc="views";dur=1.4)");
  const json::value body = json::parse(waited.body);
  EXPECT_FALSE(body.as_object().contains("id"));
  EXPECT_FALSE(body.as_object().contains("offset"));
  ASSERT_EQ(body.at("positions").as_array().size(), 2U);
  EXPECT_EQ(body.at("positions").at(1).at("topic").as_string(), "views");
  EXPECT_EQ(body.at("positions").at(1).at("offset").as_int64(), 7);
  EXPECT_EQ(body.at("consumers").at(0).at("evidence").at("topic").as_string(), "views") << "the evidence is of one";
  EXPECT_EQ(body.at("consumers").at(0).at("evidence").at("offset").as_int64(), 7);
}

TEST(Render, APendingMarkOfUnknownFate) {
  core::Answer answer = a_publish();
  answer.is_publish = false;
  answer.settled = false;
  answer.fate = core::Delivery::Fate::unknown;
  answer.positions[0].partition = -1;
  answer.positions[0].offset = core::kNoOffset;
  const json::value body = json::parse(render(answer, {false, ""}).body);
  EXPECT_EQ(body.at("appended").as_string(), "unknown");
  EXPECT_TRUE(body.at("partition").is_null());
  EXPECT_TRUE(body.at("offset").is_null());
}

TEST(Render, AnUnknownAppendIs504WithAPendingMark) {
  core::Answer answer = a_publish();
  answer.fate = core::Delivery::Fate::unknown;
  answer.settled = false;
  answer.detail = "no reply in time";
  const Response response = render(answer, {});
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_NE(header(response, "Tidemark-Mark"), "-");
  EXPECT_NE(header(response, "Location"), "-");
  EXPECT_EQ(header(response, "Tidemark-Outcome"), "pending");
  const json::value body = json::parse(response.body);
  EXPECT_EQ(body.at("type").as_string(), "/problems/append-unknown");
  EXPECT_EQ(body.at("appended").as_string(), "unknown");
  EXPECT_EQ(body.at("detail").as_string(), "no reply in time");
  EXPECT_EQ(body.at("id").as_string(), answer.id.to_string());
  EXPECT_EQ(body.at("mark").as_string(), core::encode(answer.mark).value());
}

TEST(Render, WhatWasNotAppendedSaysSo) {
  using Reason = core::Delivery::Reason;
  const std::vector<std::pair<Reason, int>> cases = {
      {Reason::too_large, 413}, {Reason::unknown_topic, 404}, {Reason::invalid, 400},  {Reason::limit, 503},
      {Reason::forbidden, 502}, {Reason::unavailable, 503},   {Reason::timeout, 503},  {Reason::internal, 502},
      {Reason::none, 502},
  };
  for (const auto& [reason, status] : cases) {
    core::Answer answer = a_publish();
    answer.fate = core::Delivery::Fate::not_appended;
    answer.reason = reason;
    answer.mark = {};
    answer.detail = "why";
    const Response response = render(answer, {});
    EXPECT_EQ(response.status, status);
    const json::value body = json::parse(response.body);
    EXPECT_EQ(body.at("appended"), json::value(false));
    EXPECT_EQ(body.at("status").as_int64(), status);
    EXPECT_EQ(header(response, "Tidemark-Mark"), "-");
    EXPECT_EQ(header(response, "Tidemark-Outcome"), "-");
    EXPECT_EQ(header(response, "Retry-After"), status == 503 ? "1" : "-");
  }
}

TEST(Render, AMarkThatDoesNotFitIsLeftOut) {
  core::Answer answer = a_publish();
  for (int i = 0; i < 64; ++i)
    answer.mark.terms.push_back(a_mark(std::string(200, 'x') + std::to_string(i)).terms[0]);
  ASSERT_FALSE(core::encode(answer.mark).ok());
  answer.settled = false;
  const Response response = render(answer, {});
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(header(response, "Location"), "-");
  EXPECT_TRUE(json::parse(response.body).at("mark").is_null());
  EXPECT_TRUE(json::parse(response.body).as_object().contains("mark_omitted"));
}

TEST(Render, ServerTimingIsBounded) {
  core::Answer answer = a_publish();
  for (int i = 0; i < 300; ++i)
    answer.consumers.push_back(a_consumer("c" + std::to_string(i), core::Outcome::processed));
  EXPECT_LT(header(render(answer, {}), "Server-Timing").size(), 1000U);
  EXPECT_EQ(json::parse(render(answer, {}).body).at("consumers").as_array().size(), 301U);
}

TEST(Render, Refusals) {
  using Code = core::Refusal::Code;
  struct Case {
    Code code;
    int status;
    const char* type;
    const char* retry;
  };
  const std::vector<Case> cases = {
      {Code::unknown_topic, 404, "/problems/unknown-topic", "-"},
      {Code::forbidden_topic, 403, "/problems/forbidden-topic", "-"},
      {Code::unknown_partition, 400, "/problems/unknown-partition", "-"},
      {Code::unknown_consumer, 400, "/problems/unknown-consumer", "-"},
      {Code::recreated_topic, 410, "/problems/recreated-topic", "-"},
      {Code::cut_off, 410, "/problems/cut-off", "-"},
      {Code::topic_limit, 429, "/problems/topic-limit", "2"},
      {Code::gateway_limit, 503, "/problems/overloaded", "2"},
      {Code::too_many_partitions, 413, "/problems/too-many-partitions", "-"},
      {Code::beyond_end, 400, "/problems/beyond-end", "-"},
      {Code::unexpected_consumer, 400, "/problems/unknown-consumer", "-"},
      {Code::unknown_event, 404, "/problems/unknown-event", "-"},
      {Code::not_ready, 503, "/problems/not-ready", "2"},
      {Code::draining, 503, "/problems/draining", "2"},
  };
  for (const Case& each : cases) {
    const Response response = render(core::Refusal{each.code, "why", "topic", std::chrono::milliseconds(1001)});
    EXPECT_EQ(response.status, each.status);
    EXPECT_EQ(header(response, "Retry-After"), each.retry);
    const json::value body = json::parse(response.body);
    EXPECT_EQ(body.at("type").as_string(), each.type);
    EXPECT_EQ(body.at("detail").as_string(), "why");
    EXPECT_EQ(body.at("field").as_string(), "topic");
  }
  EXPECT_EQ(header(render(core::Refusal{}), "Retry-After"), "1") << "never zero";
}

TEST(Render, TopicsAndConsumers) {
  const std::vector<core::TopicView> topics = {{"orders", 3, {{"views", core::ExpectedBy::configured}}},
                                               {"empty", 1, {}}};
  EXPECT_EQ(render(topics).body,
            R"({"topics":[{"name":"orders","partitions":3,"wait_for":[{"name":"views","source":"configured"}]},)"
            R"({"name":"empty","partitions":1,"wait_for":[]}]})"
            "\n");
  core::ConsumerView consumer;
  consumer.name = "views";
  consumer.state = "active";
  consumer.members = 2;
  consumer.client = "rdkafka";
  consumer.topics = {{"orders", core::ExpectedBy::observed, 5, {{0, 10, 15}, {1, core::kNoOffset, core::kNoOffset}}},
                     {"other", core::ExpectedBy::observed, std::nullopt, {}}};
  consumer.commit_interval = std::chrono::seconds(5);
  consumer.commits_by_timer = true;
  consumer.acks = true;
  consumer.hint = "commits about every 5 s";
  EXPECT_EQ(render(std::vector<core::ConsumerView>{consumer}).body,
            R"({"consumers":[{"name":"views","state":"active","members":2,"client":"rdkafka","topics":[)"
            R"({"topic":"orders","source":"observed","lag":5,"partitions":[{"partition":0,"committed":10,"end":15},)"
            R"({"partition":1,"committed":null,"end":null}]},)"
            R"({"topic":"other","source":"observed","lag":null,"partitions":[]}],)"
            R"("commit_interval_ms":5000,"commits_by_timer":true,"early":false,"acks":true,"share":false,)"
            R"("hint":"commits about every 5 s"}]})"
            "\n");
  EXPECT_EQ(render(std::vector<core::ConsumerView>{}).body, "{\"consumers\":[]}\n");
}

TEST(Render, HealthAndMetrics) {
  EXPECT_EQ(render_live().status, 200);
  EXPECT_EQ(render_ready({true, ""}).status, 200);
  EXPECT_EQ(render_ready({true, ""}).body, "{\"ready\":true,\"positions\":\"tailed\"}\n");
  const Response polled = render_ready({true, "", true, "the commit log is \"denied\""});
  EXPECT_EQ(polled.status, 200) << "weaker, not broken";
  EXPECT_EQ(polled.body, R"({"ready":true,"positions":"polled","why":"the commit log is \"denied\""})" "\n");
  const Response not_ready = render_ready({false, "Kafka is not reachable"});
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_EQ(header(not_ready, "Retry-After"), "1");
  EXPECT_EQ(json::parse(not_ready.body).at("detail").as_string(), "Kafka is not reachable");
  const Response metrics = render_metrics("a 1\n");
  EXPECT_EQ(metrics.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(metrics.body, "a 1\n");
}

}  // namespace
}  // namespace tidemark::http
