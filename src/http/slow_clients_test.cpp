// Clients that send a byte at a time, or do not read what they asked for: each is cut by
// the time that is documented for it, and meanwhile others are served.
//
// limits_test.cpp holds one client to each limit. Here there are many at once, through
// the real routes, beside a client that publishes: whether others are served is seen by
// their answers coming while every slow one is still open, not by a stopwatch.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "http/testing_service.h"

namespace tidemark::http {
namespace {

using std::chrono::milliseconds;
using testing::Client;
using testing::TestService;

constexpr std::size_t kSlow = 30;  // of each kind
const std::string kPublish = "POST /topics/t HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";

std::vector<std::unique_ptr<Client>> connect(TestService& served, std::size_t count, int receive_buffer = 0) {
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < count; ++i) clients.push_back(std::make_unique<Client>(served.port(), receive_buffer));
  return clients;
}

// Publishes until all `slow` are cut; how many were answered before the first was.
std::size_t publish_until_cut(TestService& served, std::size_t slow,
                              const std::function<std::size_t(const Counters&)>& cut) {
  Client client(served.port());
  std::size_t answered = 0, before_any = 0;
  while (!::testing::Test::HasFailure()) {
    EXPECT_EQ(client.ask(kPublish).status, 200);
    ++answered;
    const std::size_t now = cut(served.counters());
    if (now == 0) before_any = answered;
    if (now == slow) break;
  }
  EXPECT_EQ(served.appended(), answered) << "nothing of a slow client's";
  return before_any;
}

Limits with_times(milliseconds time) {
  Limits limits = testing::TestServer::quick();
  limits.header_time = limits.body_time = limits.write_time = time;
  limits.body_rate = limits.write_rate = 1024ULL * 1024 * 1024;
  return limits;
}

TEST(SlowClients, OneByteAtATimeIs408AndDelaysNobody) {
  TestService served(with_times(milliseconds(400)));
  const auto heads = connect(served, kSlow), bodies = connect(served, kSlow);
  for (const auto& client : heads) client->send("POST /topics/t HTTP/1.1\r\nX: ");
  for (const auto& client : bodies)
    client->send("POST /topics/t HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  std::atomic<bool> stop{false};
  std::thread feeder([&] {
    while (!stop) {
      for (const auto* group : {&heads, &bodies})
        for (const auto& client : *group) client->send("x");
      std::this_thread::sleep_for(milliseconds(2));  // their pace
    }
  });
  const std::size_t before_any =
      publish_until_cut(served, 2 * kSlow, [](const Counters& now) { return now.refused[408]; });
  stop = true;
  feeder.join();
  EXPECT_GT(before_any, 20U);
  for (const auto* group : {&heads, &bodies})
    for (const auto& client : *group) EXPECT_EQ(client->read().status, 408);
  EXPECT_EQ(served.counters().incomplete_bytes, 0U);
}

TEST(SlowClients, ThoseThatDoNotReadAreCutAndDelayNobody) {
  // Long enough for the large answers to be written under a sanitizer, too.
  TestService served(with_times(milliseconds(1'500)));
  served.reactor.run([&] { served.api.metrics_text.assign(8 * 1024 * 1024, 'm'); });
  auto clients = connect(served, kSlow, 4096);
  for (const auto& client : clients) client->send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::size_t before_any =
      publish_until_cut(served, kSlow, [](const Counters& now) { return now.write_timeouts; });
  EXPECT_GT(before_any, 20U);
  clients.clear();
  EXPECT_TRUE(served.eventually([](const Counters& now) { return now.open == 0; }));
}

// The time is the request's, not the connection's.
TEST(SlowClients, EachRequestHasATimeOfItsOwn) {
  TestService served(with_times(milliseconds(400)));
  Client client(served.port());
  for (int i = 0; i < 3; ++i) {
    for (const char byte : kPublish) client.send({&byte, 1});
    EXPECT_EQ(client.read().status, 200);
  }
  client.send("G");
  EXPECT_EQ(client.read().status, 408);
}

}  // namespace
}  // namespace tidemark::http
