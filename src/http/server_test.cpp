// Also covers connection.cpp: the two are one machine, seen here from a socket.
// Limits and timeouts have a file of their own, limits_test.cpp.
#include "http/server.h"

#include <gtest/gtest.h>

#include <random>

#include "http/testing.h"

namespace tidemark::http {
namespace {

using testing::Client;
using testing::Reply;
using testing::TestServer;

const std::string kGet = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

std::string get(const std::string& target, const std::string& more = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + more + "\r\n";
}

Response text(const std::string& body) {
  Response response;
  response.content_type = "text/plain";
  response.body = body;
  return response;
}

TEST(Server, AnswersAndKeepsTheConnection) {
  TestServer server;
  ASSERT_TRUE(server.listening());
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {
    const Reply reply = client.ask("POST /t?i HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "POST /t?i hello");
    EXPECT_TRUE(reply.has("Server: tidemark"));
    EXPECT_TRUE(reply.has("Content-Type: text/plain"));
    EXPECT_NE(reply.head.find("\r\nDate: "), std::string::npos);
  }
  const Counters counters = server.counters();
  EXPECT_EQ(counters.accepted, 1U);
  EXPECT_EQ(counters.requests, 3U);
  EXPECT_EQ(counters.answers, 3U);
  EXPECT_EQ(counters.held, 0U);
  EXPECT_GT(counters.bytes_in, 150U);
  EXPECT_GT(counters.bytes_out, 150U);
}

TEST(Server, ClosesWhenTheClientWantsItSo) {
  TestServer server;
  Client client(server.port());
  const Reply reply = client.ask(get("/a", "Connection: close\r\n"));
  EXPECT_TRUE(reply.has("Connection: close"));
  EXPECT_TRUE(client.ended());
  client.close();

  Client old(server.port());
  EXPECT_TRUE(old.ask("GET /a HTTP/1.0\r\n\r\n").has("Connection: close"));
  EXPECT_TRUE(old.ended());

  Client older(server.port());
  EXPECT_TRUE(older.ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").has("Connection: keep-alive"));
  EXPECT_EQ(older.ask("GET /b HTTP/1.0\r\n\r\n").status, 200);
}

TEST(Server, AnswersHeadWithoutABody) {
  TestServer server;
  Client client(server.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" + kGet);
  const Reply head = client.read(true);
  EXPECT_TRUE(head.has("Content-Length: 8"));
  EXPECT_EQ(client.read().body, "GET /a ");
}

TEST(Server, SurvivesACutAtEveryByte) {
  TestServer server;
  const std::string request =
      "POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: r\r\n\r\n";
  Client client(server.port());
  for (std::size_t at = 1; at < request.size(); ++at) {
    const std::uint64_t before = server.counters().bytes_in;
    client.send(request.substr(0, at));
    ASSERT_TRUE(server.eventually([&](const Counters& now) { return now.bytes_in == before + at; }));
    EXPECT_EQ(client.ask(request.substr(at)).body, "POST /t hello!") << at;
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestServer server;
  Client client(server.port());
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += get("/" + std::to_string(i));
  std::thread sender([&] { client.send(requests); });
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.read().body, "GET /" + std::to_string(i) + " ");
  sender.join();
}

TEST(Server, ReadsThePipelinedRequestOnlyAfterTheAnswer) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port());
  client.send(get("/1") + get("/2") + get("/3"));
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(server.handler().wait_for_requests(i + 1));
    const auto requests = server.handler().requests();
    ASSERT_EQ(requests.size(), i + 1) << "one at a time";
    EXPECT_EQ(server.counters().held, 1U);
    server.answer(requests[i].first, text("answer " + std::to_string(i)));
    EXPECT_EQ(client.read().body, "answer " + std::to_string(i));
  }
}

TEST(Server, LeavesBytesThatComeDuringAHeldRequestToTheNext) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port());
  client.send(get("/1"));
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  client.send(get("/2").substr(0, 10));
  client.send(get("/2").substr(10));
  const ExchangeId first = server.handler().requests()[0].first;
  server.answer(first, text("one"));
  EXPECT_EQ(client.read().body, "one");
  ASSERT_TRUE(server.handler().wait_for_requests(2));
  EXPECT_EQ(server.handler().requests()[1].second.target, "/2");
  server.answer(server.handler().requests()[1].first, text("two"));
  EXPECT_EQ(client.read().body, "two");
}

TEST(Server, IgnoresAnAnswerToNobody) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port());
  client.send(get("/1") + get("/2"));
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  const ExchangeId first = server.handler().requests()[0].first;
  server.answer(0, text("nobody"));
  server.answer(~ExchangeId{0}, text("nobody"));
  server.answer(first + (1 << 20), text("not yet"));
  server.answer(first, text("one"));
  server.answer(first, text("again"));
  EXPECT_EQ(client.read().body, "one");
  ASSERT_TRUE(server.handler().wait_for_requests(2));
  server.answer(first, text("again"));
  server.answer(server.handler().requests()[1].first, text("two"));
  EXPECT_EQ(client.read().body, "two");
  EXPECT_EQ(server.counters().answers, 2U);
}

TEST(Server, TellsOfAClientThatClosed) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port());
  client.send(kGet);
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  client.close();
  ASSERT_TRUE(server.handler().wait_for_gone(1));
  const ExchangeId exchange = server.handler().requests()[0].first;
  EXPECT_EQ(server.handler().gone()[0], exchange);
  server.answer(exchange, text("too late"));
  const Counters counters = server.counters();
  EXPECT_EQ(counters.gone, 1U);
  EXPECT_EQ(counters.held, 0U);
  EXPECT_EQ(counters.open, 0U);
  EXPECT_EQ(counters.answers, 0U);
}

TEST(Server, TellsOfAClientThatReset) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port());
  client.send(kGet);
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  client.reset();
  EXPECT_TRUE(server.handler().wait_for_gone(1));
  EXPECT_TRUE(server.eventually([](const Counters& now) { return now.open == 0; }));
}

TEST(Server, TellsOfAResetEvenBehindPipelinedBytes) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port());
  client.send(kGet);
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  client.send(kGet);
  client.reset();
  EXPECT_TRUE(server.handler().wait_for_gone(1));
}

TEST(Server, AnswersAClientThatOnlyHalfClosed) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port());
  client.send(get("/1") + get("/2"));
  client.half_close();
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  // Probes come while it waits, and it is not taken for gone.
  EXPECT_EQ(client.read().status, 100);
  EXPECT_EQ(client.read().status, 100);
  EXPECT_TRUE(server.handler().gone().empty());
  server.answer(server.handler().requests()[0].first, text("one"));
  Reply reply = client.read();
  while (reply.status == 100) reply = client.read();
  EXPECT_EQ(reply.body, "one");
  ASSERT_TRUE(server.handler().wait_for_requests(2));
  server.answer(server.handler().requests()[1].first, text("two"));
  reply = client.read();
  while (reply.status == 100) reply = client.read();
  EXPECT_EQ(reply.body, "two");
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(server.handler().gone().empty());
}

TEST(Server, DoesNotProbeHttp10ButAnswersIt) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port());
  client.send("GET /old HTTP/1.0\r\n\r\n");
  client.half_close();
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  // Another connection's probe shows that time for one has passed.
  Client other(server.port());
  other.send(kGet);
  other.half_close();
  EXPECT_EQ(other.read().status, 100);
  server.answer(server.handler().requests()[0].first, text("old"));
  EXPECT_EQ(client.read().body, "old");
  EXPECT_TRUE(client.ended());
}

TEST(Server, AnswersAnImmediateHalfCloseWithoutAProbe) {
  Limits limits = TestServer::quick();
  limits.half_close_probe = std::chrono::hours(1);
  TestServer server(limits);
  Client client(server.port());
  client.send(kGet);
  client.half_close();
  EXPECT_EQ(client.read().body, "GET /a ");
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(server.eventually([](const Counters& now) { return now.open == 0; }));
}

TEST(Server, ForgetsAClientThatStopsWithinARequest) {
  TestServer server;
  Client client(server.port());
  client.send("POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  client.half_close();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(server.eventually([](const Counters& now) { return now.open == 0 && now.incomplete_bytes == 0; }));
  EXPECT_EQ(server.counters().requests, 0U);
}

TEST(Server, SendsContinueOnlyWhenTheBodyWillBeTaken) {
  TestServer server;
  Client client(server.port());
  const std::string head = "POST /t HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
  client.send(head + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  EXPECT_EQ(client.ask("hello").body, "POST /t hello");
  const Reply refused = client.ask(head + "Content-Length: 5000000\r\n\r\n");
  EXPECT_EQ(refused.status, 413);
  EXPECT_TRUE(refused.has("Connection: close"));
}

TEST(Server, AnswersALargeBodyToASlowReader) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port(), 4096);
  client.send(kGet + get("/2"));
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  std::string body(16 * 1024 * 1024, 'x');
  body.back() = 'y';
  server.answer(server.handler().requests()[0].first, text(body));
  EXPECT_EQ(server.handler().requests().size(), 1U) << "the next waits until the answer is out";
  EXPECT_EQ(client.read().body, body);
  EXPECT_TRUE(server.handler().wait_for_requests(2));
}

TEST(Server, DrainsWithoutLosingAHeldRequest) {
  TestServer server;
  server.handler().hold(true);
  Client idle(server.port());
  EXPECT_TRUE(idle.connected());
  Client held(server.port());
  held.send(kGet);
  Client half(server.port());
  half.send("GET /half HTTP/1.1\r\n");
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  ASSERT_TRUE(server.eventually([](const Counters& now) { return now.open == 3 && now.bytes_in > kGet.size(); }));

  std::promise<void> drained;
  server.reactor().run([&] { server.server().drain([&] { drained.set_value(); }); });
  EXPECT_TRUE(idle.ended());
  const Client late(server.port());
  EXPECT_FALSE(late.connected());

  half.send("Host: a\r\n\r\n");
  ASSERT_TRUE(server.handler().wait_for_requests(2));
  for (const auto& [exchange, request] : server.handler().requests()) server.answer(exchange, text(request.target));
  for (Client* client : {&held, &half}) {
    const Reply reply = client->read();
    EXPECT_TRUE(reply.has("Connection: close"));
    EXPECT_TRUE(client->ended());
    client->close();
  }
  EXPECT_EQ(drained.get_future().wait_for(testing::kBound), std::future_status::ready);
  EXPECT_EQ(server.counters().open, 0U);
}

TEST(Server, DrainsAtOnceWhenNobodyIsThere) {
  TestServer server;
  std::promise<void> drained;
  server.reactor().run([&] { server.server().drain([&] { drained.set_value(); }); });
  EXPECT_EQ(drained.get_future().wait_for(testing::kBound), std::future_status::ready);
}

TEST(Server, StopsWithRequestsHeld) {
  TestServer server;
  server.handler().hold(true);
  Client client(server.port());
  client.send(kGet);
  ASSERT_TRUE(server.handler().wait_for_requests(1));
  server.reactor().run([&] { server.server().stop(); });
  server.answer(server.handler().requests()[0].first, text("too late"));
  EXPECT_TRUE(client.read_to_end().empty());
  EXPECT_TRUE(server.handler().gone().empty());
}

TEST(Server, CannotListenWhereAnotherDoes) {
  TestServer first;
  TestServer second;
  ListenOptions options;
  options.port = first.port();
  const Result<void> result = second.reactor().run([&] { return second.server().listen(options); });
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find(std::to_string(first.port())), std::string::npos);
  options.address = "localhost";
  EXPECT_FALSE(second.reactor().run([&] { return second.server().listen(options); }).ok());
}

TEST(Server, SharesAPortWithAnotherReactor) {
  testing::Reactor one;
  testing::Reactor two;
  testing::RecordingHandler handler_one;
  testing::RecordingHandler handler_two;
  Server first(one.context(), handler_one, {});
  Server second(two.context(), handler_two, {});
  handler_one.attach(first);
  handler_two.attach(second);
  ListenOptions options;
  options.port = 0;
  options.reuse_port = true;
  ASSERT_TRUE(one.run([&] { return first.listen(options).ok(); }));
  options.port = one.run([&] { return first.port(); });
  EXPECT_TRUE(two.run([&] { return second.listen(options).ok(); }));
  Client client(options.port);
  EXPECT_EQ(client.ask(kGet).status, 200);
  client.close();
  one.run([&] { first.stop(); });
  two.run([&] { second.stop(); });
}

TEST(Server, GarbageOnASocketHarmsNobody) {
  TestServer server;
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Client client(server.port());
    std::string bytes = round % 2 == 0 ? "POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" : "";
    for (auto left = random() % 300 + 1; left > 0; --left) bytes.push_back(static_cast<char>(random()));
    client.send(bytes);
    if (round % 3 == 0) client.half_close();
    if (round % 3 == 1) client.reset();
  }
  Client client(server.port());
  EXPECT_EQ(client.ask(kGet).status, 200);
  client.close();
  EXPECT_TRUE(server.eventually([](const Counters& now) { return now.open == 0; }));
  EXPECT_EQ(server.counters().incomplete_bytes, 0U);
}

}  // namespace
}  // namespace tidemark::http
