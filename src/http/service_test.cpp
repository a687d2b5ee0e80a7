// The routes through a socket, with an Api that answers what it is told to.
#include "http/service.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "http/testing_service.h"

namespace tidemark::http {
namespace {

namespace json = boost::json;
using testing::Client;
using testing::FakeApi;
using testing::Reply;

class ServiceTest : public ::testing::Test {
 protected:
  Reply ask(const std::string& line, const std::string& headers = "", const std::string& body = "") {
    Client client(port_);
    const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return client.ask(line + " HTTP/1.1\r\nHost: a\r\n" + headers + length + "\r\n" + body);
  }

  Reply ask_json(const std::string& line, const std::string& body) {
    return ask(line, "Content-Type: application/json\r\n", body);
  }

  testing::TestService served_;
  FakeApi& api_ = served_.api;
  testing::Reactor& reactor_ = served_.reactor;
  Service& service_ = served_.service;
  const std::uint16_t port_ = served_.port();
};

TEST_F(ServiceTest, PublishesAndAnswers) {
  const Reply reply = ask("POST /topics/orders?key=k&wait=1s", "Content-Type: text/plain\r\n", "hello");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("Tidemark-Outcome: processed"));
  EXPECT_TRUE(reply.has("Content-Type: application/json"));
  EXPECT_EQ(json::parse(reply.body).at("offset").as_int64(), 41);
  const auto calls = reactor_.run([&] { return api_.publishes; });
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].second.topic, "orders");
  EXPECT_EQ(calls[0].second.value, "hello");
  EXPECT_EQ(calls[0].second.content_type, "text/plain");
  EXPECT_GT(calls[0].second.received.time_since_epoch().count(), 0);
}

TEST_F(ServiceTest, EchoesWhatWasPreferred) {
  EXPECT_TRUE(ask("POST /topics/orders", "Prefer: wait=100\r\n", "x").has("Preference-Applied: wait=60"));
  EXPECT_EQ(ask("POST /topics/orders", "Prefer: wait=abc\r\n", "x").head.find("Preference-Applied"), std::string::npos);
}

TEST_F(ServiceTest, ResumesMarks) {
  const std::string mark = core::encode(FakeApi::mark()).value();
  const Reply reply = ask("GET /marks/" + mark + "+" + mark + "?wait=10ms&for=views");
  EXPECT_EQ(reply.status, 200);
  const auto calls = reactor_.run([&] { return api_.resumes; });
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].second.mark.terms.size(), 1U);
  EXPECT_EQ(calls[0].second.only, std::vector<std::string>{"views"});
}

TEST_F(ServiceTest, WaitsForWhatTheCallerAppended) {
  const Reply reply = ask_json("POST /waits?wait=1s", R"({"positions":[{"topic":"orders","partition":0,"offset":41}]})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("Tidemark-Outcome: processed"));
  EXPECT_EQ(json::parse(reply.body).at("positions").at(0).at("offset").as_int64(), 41);
  const auto calls = reactor_.run([&] { return api_.barriers; });
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].second.positions[0].offset, 41);
  EXPECT_EQ(calls[0].second.wait_for, std::chrono::seconds(1));

  const core::Refusal refusal{core::Refusal::Code::too_many_partitions, "at most 2000 partitions", "topics", {}};
  reactor_.run([&] { api_.refusal = refusal; });
  const Reply refused = ask_json("POST /waits", R"({"topics":["orders"]})");
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(json::parse(refused.body).at("field").as_string(), "topics");
}

TEST_F(ServiceTest, TakesAcks) {
  const std::string body = R"({"consumer":"views","topic":"orders","partition":0,"offset":41})";
  Client client(port_);
  const Reply reply = client.ask("POST /acks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(client.ask("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n").status, 200) << "the connection goes on";
  const auto calls = reactor_.run([&] { return api_.acks; });
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].second.consumer, "views");

  core::Delivery unknown;
  unknown.detail = "no reply in time";
  reactor_.run([&] { api_.ack_failure = unknown; });
  EXPECT_EQ(ask_json("POST /acks", body).status, 504);
  const core::Refusal refusal{core::Refusal::Code::beyond_end, "the end is 3", "offset", {}};
  reactor_.run([&] { api_.refusal = refusal; });
  const Reply refused = ask_json("POST /acks", body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(json::parse(refused.body).at("type").as_string(), "/problems/beyond-end");
}

TEST_F(ServiceTest, BadBodiesReachNobody) {
  EXPECT_EQ(ask_json("POST /acks", R"({"consumer":"views"})").status, 400);
  EXPECT_EQ(ask_json("POST /waits", "{}").status, 400);
  EXPECT_EQ(ask("POST /waits", "", R"({"topics":["orders"]})").status, 415);
  EXPECT_EQ(ask_json("POST /acks?wait=1s", R"({"consumer":"v","topic":"o","partition":0,"offset":1})").status, 400);
  EXPECT_TRUE(reactor_.run([&] { return api_.acks.empty() && api_.barriers.empty() && service_.open() == 0; }));
}

TEST_F(ServiceTest, TheDoctorsDocumentMayComeLater) {
  Client client(port_);
  client.send("GET /doctor HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(reactor_.eventually([&] { return api_.inspections.size() == 1; }));
  reactor_.run([&] { api_.inspections[0]("{\"findings\":[]}"); });
  const Reply reply = client.read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "{\"findings\":[]}\n");
  EXPECT_EQ(ask("GET /doctor?x=1").status, 400);

  client.send("GET /doctor HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(reactor_.eventually([&] { return api_.inspections.size() == 2 && service_.open() == 1; }));
  client.close();
  ASSERT_TRUE(reactor_.eventually([&] { return service_.open() == 0; }));
  reactor_.run([&] { api_.inspections[1]("{}"); });
  EXPECT_EQ(ask("GET /health/live").status, 200);
}

TEST_F(ServiceTest, AnAckersGoingIsTold) {
  reactor_.run([&] { api_.answer_at_once = false; });
  Client client(port_);
  const std::string body = R"({"consumer":"v","topic":"o","partition":0,"offset":1})";
  client.send("POST /acks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(reactor_.eventually([&] { return api_.acks.size() == 1; }));
  client.close();
  ASSERT_TRUE(reactor_.eventually([&] { return api_.gone_calls.size() == 1; }));
  reactor_.run([&] { service_.acked(api_.acks[0].first); });
  EXPECT_EQ(reactor_.run([&] { return service_.statuses().count(204); }), 0U);
}

TEST_F(ServiceTest, ShowsTheRest) {
  EXPECT_EQ(json::parse(ask("GET /topics").body).at("topics").at(0).at("name").as_string(), "orders");
  EXPECT_EQ(ask("GET /consumers").body, "{\"consumers\":[]}\n");
  EXPECT_EQ(ask("GET /topology").body, "{\"edges\":[]}\n");
  EXPECT_EQ(ask("GET /health/live").status, 200);
  EXPECT_EQ(ask("GET /health/ready").status, 200);
  EXPECT_EQ(ask("GET /metrics").body, "tidemark_up 1\n");
  reactor_.run([&] { api_.current_health = {false, "not yet"}; });
  EXPECT_EQ(ask("GET /health/ready").status, 503);
}

struct BadCase {
  const char* line;
  const char* headers;
  int status;
  const char* type;
  const char* field;  // empty: none
};

TEST_F(ServiceTest, BadInputIsRefusedByName) {
  const std::vector<BadCase> cases = {
      {"GET /nowhere", "", 404, "unknown-route", ""},
      {"OPTIONS *", "", 404, "unknown-route", ""},
      {"GET /topics/orders", "", 405, "method-not-allowed", ""},
      {"POST /topics/__consumer_offsets", "", 403, "forbidden-topic", "topic"},
      {"POST /topics/a%20b", "", 400, "invalid-topic", "topic"},
      {"POST /topics/a%2Fb", "", 400, "invalid-topic", "topic"},
      {"POST /topics/orders?wait=5", "", 400, "invalid-parameter", "wait"},
      {"POST /topics/orders?wait=2h", "", 400, "invalid-parameter", "wait"},
      {"POST /topics/orders?partition=-1", "", 400, "invalid-parameter", "partition"},
      {"POST /topics/orders?for=", "", 400, "invalid-parameter", "for"},
      {"POST /topics/orders?wiat=5s", "", 400, "unknown-parameter", "wiat"},
      {"POST /topics/orders?scope=all", "", 400, "invalid-parameter", "scope"},
      {"POST /topics/orders?basis=timing", "", 400, "not-built", "basis"},
      {"POST /topics/orders", "Idempotency-Key: 1\r\n", 400, "not-built", "Idempotency-Key"},
      {"POST /topics/orders", "Content-Type: application/vnd.kafka.binary.v2+json\r\n", 415, "unsupported-media-type",
       "Content-Type"},
      {"GET /marks/nonsense", "", 400, "invalid-mark", "mark"},
      {"GET /topics?x=1", "", 400, "unknown-parameter", "x"},
      {"GET /metrics?x=1", "", 400, "unknown-parameter", "x"},
  };
  for (const BadCase& each : cases) {
    SCOPED_TRACE(each.line);
    const Reply reply = ask(each.line, each.headers);
    EXPECT_EQ(reply.status, each.status);
    EXPECT_TRUE(reply.has("Content-Type: application/problem+json"));
    const json::value body = json::parse(reply.body);
    EXPECT_EQ(body.at("type").as_string(), std::string("/problems/") + each.type);
    const json::value* field = body.as_object().if_contains("field");
    EXPECT_EQ(field ? std::string(field->as_string()) : "", each.field);
  }
  EXPECT_TRUE(reactor_.run([&] { return api_.publishes.empty() && api_.resumes.empty() && service_.open() == 0; }));
  EXPECT_TRUE(ask("PUT /topics/orders").has("Allow: POST"));
}

TEST_F(ServiceTest, TheConnectionSurvivesARefusalOfTheRoutes) {
  Client client(port_);
  EXPECT_EQ(client.ask("POST /topics/a%20b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").status, 400);
  EXPECT_EQ(client.ask("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
}

TEST_F(ServiceTest, RefusalsOfTheGatewayArePassedOn) {
  const core::Refusal refusal{core::Refusal::Code::not_ready, "starting", "", std::chrono::seconds(3)};
  reactor_.run([&] { api_.refusal = refusal; });
  const Reply reply = ask("POST /topics/orders", "", "x");
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.has("Retry-After: 3"));
}

TEST_F(ServiceTest, AClientThatGoesAwayFreesItsCall) {
  reactor_.run([&] { api_.answer_at_once = false; });
  Client client(port_);
  client.send("POST /topics/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(reactor_.eventually([&] { return api_.publishes.size() == 1 && service_.open() == 1; }));
  client.close();
  ASSERT_TRUE(reactor_.eventually([&] { return api_.gone_calls.size() == 1; }));
  reactor_.run([&] {
    EXPECT_EQ(api_.gone_calls[0], api_.publishes[0].first);
    EXPECT_EQ(service_.open(), 0U);
    service_.answered(api_.publishes[0].first, FakeApi::answer(true));
    service_.refused(api_.publishes[0].first, {});
  });
}

TEST_F(ServiceTest, AnswersLaterAndOnce) {
  reactor_.run([&] { api_.answer_at_once = false; });
  Client client(port_);
  client.send("POST /topics/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(reactor_.eventually([&] { return api_.publishes.size() == 1; }));
  reactor_.run([&] {
    const ExchangeId exchange = api_.publishes[0].first;
    service_.answered(exchange, FakeApi::answer(true));
    service_.answered(exchange, FakeApi::answer(true));
  });
  EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(ask("GET /health/live").status, 200);
  EXPECT_EQ(reactor_.run([&] { return service_.statuses().at(200); }), 2U);
}

TEST_F(ServiceTest, CountsWhatTheTransportRefused) {
  EXPECT_EQ(ask("nonsense").status, 400);
  EXPECT_EQ(reactor_.run([&] { return service_.statuses().at(400); }), 1U);
}

}  // namespace
}  // namespace tidemark::http
