// Every limit of http/limits.h and every refusal of the transport, through a
// socket. Times are made short and waited out by waiting for what they cause.
#include "http/limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/json/parse.hpp>
#include <latch>
#include <memory>

#include "http/testing.h"

namespace tidemark::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::Client;
using testing::Reply;
using testing::TestServer;

const std::string kGet = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

// All times so long that only the one under test can pass.
Limits patient() {
  Limits limits = TestServer::quick();
  limits.header_time = limits.body_time = limits.idle_time = limits.write_time = hours(1);
  limits.linger_time = hours(1);
  return limits;
}

// A refusal is problem details, says that the connection ends, and ends it.
void expect_refused(TestServer& server, Client& client, int status, const std::string& type) {
  const Reply reply = client.read();
  EXPECT_EQ(reply.status, status);
  EXPECT_TRUE(reply.has("Connection: close"));
  EXPECT_TRUE(reply.has("Content-Type: application/problem+json"));
  boost::system::error_code ec;
  const boost::json::value body = boost::json::parse(reply.body, ec);
  ASSERT_FALSE(ec) << reply.body;
  EXPECT_EQ(body.at("type").as_string(), "/problems/" + type);
  EXPECT_EQ(body.at("status").as_int64(), status);
  EXPECT_TRUE(client.ended());
  EXPECT_GE(server.counters().refused.at(static_cast<std::size_t>(status)), 1U);
  EXPECT_FALSE(server.handler().refused().empty());
}

TEST(HttpLimits, BadInputThroughASocket) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  struct Case {
    std::string bytes;
    int status;
    const char* type;
  };
  const std::vector<Case> cases = {
      {"nonsense\r\n\r\n", 400, "malformed-request"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "malformed-request"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "malformed-request"},
      {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400, "malformed-request"},
      {"GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed-request"},
      {post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400, "malformed-request"},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400, "malformed-request"},
      {post + "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400, "malformed-request"},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "unknown-transfer-encoding"},
      {post + "Content-Length: 1048577\r\n\r\n", 413, "body-too-large"},
      {post + "Transfer-Encoding: chunked\r\n\r\n100001\r\n", 413, "body-too-large"},
      {post + "Expect: tea\r\nContent-Length: 1\r\n\r\n", 417, "unknown-expectation"},
      {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n", 414, "target-too-long"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x') + "\r\n", 431, "headers-too-large"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "unknown-http-version"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(printable(each.bytes));
    TestServer server(patient());
    Client client(server.port());
    client.send(each.bytes);
    expect_refused(server, client, each.status, each.type);
    EXPECT_EQ(server.counters().requests, 0U);
  }
}

TEST(HttpLimits, TooManyHeaderFields) {
  TestServer server(patient());
  Client client(server.port());
  std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 63; ++i) request += "X: y\r\n";
  EXPECT_EQ(client.ask(request + "\r\n").status, 200);
  client.send(request + "X: y\r\n\r\n");
  expect_refused(server, client, 431, "headers-too-large");
}

TEST(HttpLimits, ARefusalFollowsTheAnswersBeforeIt) {
  TestServer server(patient());
  Client client(server.port());
  client.send(kGet + "nonsense\r\n\r\n" + kGet);
  EXPECT_EQ(client.read().status, 200);
  expect_refused(server, client, 400, "malformed-request");
  EXPECT_EQ(server.counters().requests, 1U);
}

TEST(HttpLimits, SlowHeadersAre408) {
  Limits limits = patient();
  limits.header_time = milliseconds(20);
  TestServer server(limits);
  Client client(server.port());
  EXPECT_EQ(client.ask(kGet).status, 200);
  client.send("GET / HT");
  expect_refused(server, client, 408, "request-timeout");
}

TEST(HttpLimits, HeadersThatTrickleAre408) {
  Limits limits = patient();
  limits.header_time = milliseconds(20);
  TestServer server(limits);
  Client client(server.port());
  client.send("GET / HTTP/1.1\r\nX: ");
  while (server.counters().refused[408] == 0 && server.counters().bytes_in < 8000) client.send("x");
  expect_refused(server, client, 408, "request-timeout");
}

TEST(HttpLimits, SlowBodyIs408) {
  Limits limits = patient();
  limits.body_time = milliseconds(20);
  TestServer server(limits);
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhe");
  expect_refused(server, client, 408, "request-timeout");
  EXPECT_EQ(server.counters().incomplete_bytes, 0U);
}

TEST(HttpLimits, ABodyAtTheRateHasItsTime) {
  Limits limits = patient();
  limits.body_time = milliseconds(0);
  limits.body_rate = 1;  // ten bytes may take ten seconds
  TestServer server(limits);
  Client client(server.port());
  const std::string half = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n0123456789";
  client.send(half);
  ASSERT_TRUE(server.eventually([&](const Counters& now) { return now.bytes_in == half.size(); }));
  EXPECT_EQ(client.ask("0123456789").status, 200);
}

TEST(HttpLimits, IdleConnectionsEndSilently) {
  Limits limits = patient();
  limits.idle_time = milliseconds(20);
  TestServer server(limits);
  Client fresh(server.port());
  EXPECT_TRUE(fresh.ended());
  Client used(server.port());
  EXPECT_EQ(used.ask(kGet).status, 200);
  EXPECT_TRUE(used.ended());
  EXPECT_EQ(server.counters().idle_closed, 2U);
  EXPECT_TRUE(server.handler().refused().empty());
}

TEST(HttpLimits, AHeldRequestIsNotIdle) {
  Limits limits = patient();
  limits.idle_time = limits.header_time = limits.body_time = limits.write_time = milliseconds(20);
  TestServer server(limits);
  server.handler().hold(true);
  Client held(server.port());
  held.send(kGet);
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  Client idle(server.port());
  EXPECT_TRUE(idle.ended()) << "so the held one's time would have passed too";
  Response response;
  response.body = "late";
  server.answer(server.handler().requests()[0].first, response);
  EXPECT_EQ(held.read().body, "late");
}

TEST(HttpLimits, AClientThatDoesNotReadIsCutOff) {
  Limits limits = patient();
  limits.write_time = milliseconds(20);
  limits.write_rate = 1024ULL * 1024 * 1024 * 1024;
  TestServer server(limits);
  server.handler().hold(true);
  Client client(server.port(), 4096);
  client.send(kGet);
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  Response response;
  response.body.assign(32 * 1024 * 1024, 'x');
  server.answer(server.handler().requests()[0].first, response);
  EXPECT_TRUE(server.eventually([](const Counters& now) { return now.open == 0 && now.write_timeouts == 1; }));
}

TEST(HttpLimits, ALingeringConnectionIsBounded) {
  Limits limits = patient();
  limits.linger_time = milliseconds(20);
  TestServer server(limits);
  Client client(server.port());
  EXPECT_EQ(client.ask("nonsense\r\n\r\n").status, 400);
  EXPECT_TRUE(server.eventually([](const Counters& now) { return now.open == 0; }));

  limits = patient();
  limits.linger_bytes = 100000;
  TestServer other(limits);
  Client eager(other.port());
  eager.send("nonsense\r\n\r\n");
  while (eager.send(std::string(65536, 'x'))) {
  }
  EXPECT_TRUE(other.eventually([](const Counters& now) { return now.open == 0; }));
}

TEST(HttpLimits, AnOversizeBodyAlreadyOnItsWayDoesNotDestroyTheAnswer) {
  TestServer server(patient());
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n" + std::string(4000000, 'x'));
  expect_refused(server, client, 413, "body-too-large");
}

TEST(HttpLimits, BytesOfIncompleteRequestsAreBoundedTogether) {
  Limits limits = patient();
  limits.incomplete_bytes = 100000;
  TestServer server(limits);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n";
  Client first(server.port());
  first.send(head + std::string(80000, 'x'));
  ASSERT_TRUE(server.eventually([&](const Counters& now) { return now.incomplete_bytes == 80000; }));
  Client second(server.port());
  second.send(head + std::string(80000, 'x'));
  const Reply reply = second.read();
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.has("Retry-After: 1"));
  EXPECT_EQ(first.ask(std::string(10000, 'x')).status, 200);
  EXPECT_EQ(server.counters().incomplete_bytes, 0U);
}

TEST(HttpLimits, PipelinedBytesCountAsIncomplete) {
  Limits limits = patient();
  limits.incomplete_bytes = 1000;
  TestServer server(limits);
  server.handler().hold(true);
  Client client(server.port());
  client.send(kGet + kGet);
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  EXPECT_LE(server.counters().incomplete_bytes, 1000U);
  Client greedy(server.port());
  std::string many;
  for (int i = 0; i < 50; ++i) many += kGet;
  greedy.send(many);
  ASSERT_TRUE(server.handler().wait_for_requests(2));
  server.answer(server.handler().requests()[1].first, {});
  EXPECT_TRUE(greedy.read().has("Connection: close"));
  EXPECT_TRUE(greedy.ended());
}

TEST(HttpLimits, ConnectionsOverTheLimitAreTurnedAway) {
  Limits limits = patient();
  limits.connections = 2;
  TestServer server(limits);
  EXPECT_EQ(server.server().capacity().connections, 2U);
  Client one(server.port());
  auto two = std::make_unique<Client>(server.port());
  EXPECT_EQ(one.ask(kGet).status, 200);
  EXPECT_EQ(two->ask(kGet).status, 200);
  {
    Client three(server.port());
    const Reply reply = three.read();
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.has("Retry-After: 1"));
    EXPECT_TRUE(three.ended());
  }
  two.reset();
  ASSERT_TRUE(server.eventually([](const Counters& now) { return now.open == 1; }));
  Client four(server.port());
  EXPECT_EQ(four.ask(kGet).status, 200);
  EXPECT_EQ(server.counters().turned_away, 1U);
}

TEST(HttpLimits, ThoseTurnedAwayAreBoundedToo) {
  Limits limits = patient();
  limits.connections = 1;
  TestServer server(limits);
  Client one(server.port());
  EXPECT_EQ(one.ask(kGet).status, 200);
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 100; ++i) crowd.push_back(std::make_unique<Client>(server.port()));
  ASSERT_TRUE(server.eventually([](const Counters& now) { return now.open == 65; }));
  EXPECT_EQ(server.counters().accepted, 65U) << "the others wait in the kernel";
  EXPECT_EQ(one.ask(kGet).status, 200);
  crowd.erase(crowd.begin(), crowd.begin() + 40);
  EXPECT_TRUE(server.eventually([](const Counters& now) { return now.accepted == 101; }));
}

TEST(HttpLimits, ConnectionsOfOneAddressAreBounded) {
  Limits limits = patient();
  limits.connections_per_address = 1;
  TestServer server(limits);
  Client one(server.port());
  EXPECT_EQ(one.ask(kGet).status, 200);
  Client two(server.port());
  const Reply reply = two.read();
  EXPECT_EQ(reply.status, 429);
  EXPECT_TRUE(reply.has("Retry-After: 1"));
}

// While no descriptor is free, connections wait in the kernel; then they are taken.
TEST(HttpLimits, RunsOutOfDescriptorsAndRecovers) {
  TestServer server(patient());
  // It serves one first, and nothing below is done for the first time without
  // descriptors: UBSan looks at the first object of a type through a pipe, and
  // reports the object when it gets none.
  EXPECT_EQ(Client(server.port()).ask(kGet).status, 200);
  ASSERT_TRUE(server.eventually([](const Counters& now) { return now.accepted == 1 && now.open == 0; }));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::latch go_on(1);
  boost::asio::post(server.reactor().context(), [&] { go_on.wait(); });
  Client one(server.port());
  Client two(server.port());
  ASSERT_TRUE(one.connected() && two.connected());
  const int free = ::dup(2);
  ASSERT_GE(free, 0);
  ::close(free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(free);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  go_on.count_down();
  EXPECT_TRUE(server.eventually([](const Counters& now) { return now.accept_errors > 1 && now.accepted == 1; }));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(one.ask(kGet).status, 200);
  EXPECT_EQ(two.ask(kGet).status, 200);
}

TEST(HttpLimits, StaysBelowTheDescriptorLimit) {
  Limits limits = patient();
  limits.connections = std::size_t{1} << 40;
  TestServer server(limits);
  const Capacity capacity = server.server().capacity();
  EXPECT_LT(capacity.connections, std::size_t{1} << 20);
  EXPECT_TRUE(capacity.limited_by_descriptors || capacity.descriptor_limit > limits.connections);
  EXPECT_LE(capacity.connections + limits.reserved_descriptors, capacity.descriptor_limit);
}

}  // namespace
}  // namespace tidemark::http
