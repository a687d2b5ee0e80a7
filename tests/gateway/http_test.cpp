// Each route and each bad input, through a real socket to a real gateway.

#include <gtest/gtest.h>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/environment.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

class Http : public ::testing::Test {
 protected:
  Http()
      : topic(create_unique_topic(kafka(), "http", 2, {{"max.message.bytes", "2000"}})),
        gateway({kafka(),
                 "topics:\n  " + topic + ": {wait_for: []}\n"
                 "limits: {body_bytes: 4096, header_bytes: 1024, header_fields: 16, header_time: 300ms, body_time: 300ms}\n",
                 {},
                 true}) {}

  void expect_problem(const GatewayAnswer& answer, int status, const std::string& type, const std::string& part) {
    EXPECT_EQ(answer.status, status) << answer.raw.body;
    EXPECT_EQ(answer.raw.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(answer.text("type"), "/problems/" + type) << answer.raw.body;
    EXPECT_EQ(answer.number("status"), status);
    EXPECT_NE(answer.raw.body.find(part), std::string::npos) << answer.raw.body;
  }
  // The answer to raw bytes.
  GatewayAnswer raw(const std::string& bytes) {
    HttpConnection client("127.0.0.1", gateway.port());
    client.send(bytes);
    const auto response = client.read();
    return response ? parse_answer(*response) : GatewayAnswer{};
  }
  // The record count of the topic stays what it was.
  std::size_t appended() { return read_all(kafka(), topic).size(); }

  std::string topic;
  GatewayProcess gateway;
};

TEST_F(Http, ServesEveryRoute) {
  const GatewayAnswer published = gateway.publish(topic, "");
  EXPECT_EQ(published.status, 200) << published.raw.body;
  EXPECT_EQ(published.raw.header("Content-Type"), "application/json");
  EXPECT_EQ(published.raw.header("Tidemark-Mark"), published.mark());
  EXPECT_TRUE(published.raw.header("Server-Timing")->starts_with("append;dur="));
  EXPECT_EQ(gateway.get("/marks/" + published.mark()).status, 200);
  EXPECT_EQ(gateway.get("/topics").status, 200);
  EXPECT_EQ(gateway.get("/consumers").status, 200);
  EXPECT_EQ(gateway.get("/health/live").status, 200);
  EXPECT_EQ(gateway.get("/health/ready").status, 200);
  EXPECT_EQ(gateway.get("/health/ready").text("positions"), "tailed");
  const GatewayAnswer metrics = gateway.get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_TRUE(metrics.raw.header("Content-Type")->starts_with("text/plain"));
  for (const std::string line : {"tidemark_answers_total{outcome=\"processed\"}", "tidemark_kafka_looks_total{result=\"found\"}",
                                 "tidemark_kafka_followed_records_total"})
    EXPECT_NE(metrics.raw.body.find(line), std::string::npos) << line;
}

TEST_F(Http, PlacesByPartitionAndKey) {
  EXPECT_EQ(gateway.publish(topic, "partition=1").number("partition"), 1);
  const auto partition = gateway.publish(topic, "key=a").number("partition");
  EXPECT_EQ(gateway.publish(topic, "key=a").number("partition"), partition);
  EXPECT_EQ(gateway.publish(topic, "key64=YQ%3D%3D").number("partition"), partition);
}

TEST_F(Http, AnswersBadInputWithItsNameAndAppendsNothing) {
  const std::size_t before = appended();
  expect_problem(gateway.get("/topicz"), 404, "unknown-route", "/topics");
  const GatewayAnswer method = gateway.get("/topics/" + topic);
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.raw.header("Allow"), "POST");
  expect_problem(gateway.publish("no-such-topic", ""), 404, "unknown-topic", "no-such-topic");
  expect_problem(gateway.publish("__consumer_offsets", ""), 403, "forbidden-topic", "__");
  EXPECT_EQ(gateway.publish("bad%20name", "").status, 400);
  EXPECT_EQ(gateway.publish(topic, "wait=5").status, 400);
  EXPECT_EQ(gateway.publish(topic, "wait=2h").status, 400);
  EXPECT_EQ(gateway.publish(topic, "partition=x").status, 400);
  EXPECT_EQ(gateway.publish(topic, "partition=7").status, 400);
  EXPECT_EQ(gateway.publish(topic, "for=nobody").status, 400);
  EXPECT_EQ(gateway.publish(topic, "key64=%21").status, 400);
  const GatewayAnswer unknown = gateway.publish(topic, "wiat=1s");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.text("detail").find("wait"), std::string::npos) << unknown.raw.body;
  EXPECT_EQ(unknown.text("field"), "wiat");
  EXPECT_EQ(gateway.get("/marks/rubbish!").status, 400);
  EXPECT_EQ(gateway.publish(topic, "scope=all").status, 400);
  EXPECT_EQ(gateway.publish(topic, "", "{}", {"Content-Type: application/vnd.kafka.json.v2+json"}).status, 415);
  EXPECT_EQ(gateway.publish(topic, "", std::string(5000, 'x')).status, 413);
  EXPECT_EQ(gateway.publish(topic, "", "v", {"X: " + std::string(2000, 'x')}).status, 431);
  EXPECT_EQ(appended(), before);
}

// Within the gateway's limit and over the topic's own.
TEST_F(Http, AnEventOverTheTopicsLimitIs413) {
  const GatewayAnswer answer = gateway.publish(topic, "wait=20s", std::string(3000, 'x'));
  EXPECT_EQ(answer.status, 413) << answer.raw.body;
  EXPECT_EQ(appended(), 0U);
  EXPECT_EQ(gateway.publish(topic, "", "small").status, 200);
}

TEST_F(Http, SlowClientsAre408) {
  EXPECT_EQ(raw("POST /topics/" + topic + " HTTP/1.1\r\nHost: a\r\n").status, 408);
  EXPECT_EQ(raw("POST /topics/" + topic + " HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").status, 408);
}

TEST_F(Http, RefusesWhatCouldBeReadInTwoWays) {
  const std::string head = "POST /topics/" + topic + " HTTP/1.1\r\n";
  const std::string host = "Host: a\r\n";
  const std::string rest = "\r\n0\r\n\r\n";
  for (const std::string& request : {
           head + "Content-Length: 1\r\n\r\nv",                                                     // no Host
           head + host + host + "Content-Length: 1\r\n\r\nv",                                       // two Hosts
           head + host + "A: b\r\n c\r\nContent-Length: 1\r\n\r\nv",                                // obs-fold
           "POST topics/" + topic + " HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nv",          // no slash
           "POST /topics/\x80 HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nv",                  // not ASCII
           head + host + "Transfer-Encoding: xchunked\r\n" + rest,
           head + host + "Transfer-Encoding: chunked, identity\r\n" + rest,
           head + host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n" + rest,
           head + host + "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nv",
           head + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nv",
           "POST /topics/" + topic + " HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n" + rest,
       }) {
    const GatewayAnswer answer = raw(request);
    EXPECT_TRUE(answer.status == 400 || answer.status == 501) << answer.status << " for " << request;
  }
  EXPECT_EQ(appended(), 0U);
}

TEST_F(Http, PipelinedRequestsAreAnsweredInOrder) {
  HttpConnection client("127.0.0.1", gateway.port());
  std::string requests;
  for (int i = 0; i < 10; ++i)
    requests += "POST /topics/" + topic + "?partition=0 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
  client.send(requests);
  std::int64_t last = -1;
  for (int i = 0; i < 10; ++i) {
    const auto response = client.read();
    ASSERT_TRUE(response.has_value());
    const GatewayAnswer answer = parse_answer(*response);
    ASSERT_EQ(answer.status, 200) << answer.raw.body;
    EXPECT_EQ(answer.number("offset"), last + 1);
    last = answer.number("offset");
  }
}

}  // namespace
}  // namespace tidemark::test
