// Ten thousand requests of bad_requests.cpp: each gets the answer it must get, none
// reaches the log or a wait, and nothing of them is left.
#include "http/bad_requests.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>

#include "http/testing_service.h"

namespace tidemark::http {
namespace {

using testing::BadRequest;
using testing::Client;
using testing::Reply;

constexpr int kRequests = 10'000;
constexpr std::uint64_t kSeed = 20261126;

std::ptrdiff_t open_descriptors() { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); }

TEST(BadRequests, GetTheirStatusAndReachNobody) {
  testing::TestService served;
  const std::ptrdiff_t descriptors = open_descriptors();
  testing::BadRequests generator(kSeed);
  std::map<int, int> statuses;
  std::map<std::string, int> kinds;
  auto client = std::make_unique<Client>(served.port());
  for (int i = 0; i < kRequests && !HasFailure(); ++i) {
    const BadRequest bad = generator.next();
    SCOPED_TRACE("request " + std::to_string(i) + ", " + bad.what + ": " + printable(bad.bytes, 600));
    client->send(bad.bytes);
    const Reply reply = client->read();
    EXPECT_EQ(reply.status, bad.status);
    EXPECT_TRUE(reply.has("Content-Type: application/problem+json")) << reply.head;
    EXPECT_NE(reply.body.find("\"status\":" + std::to_string(bad.status)), std::string::npos) << reply.body;
    EXPECT_EQ(reply.has("Connection: close"), bad.closes);
    ++statuses[reply.status];
    ++kinds[bad.what];
    if (!bad.closes) continue;
    EXPECT_TRUE(client->ended());
    client = std::make_unique<Client>(served.port());
  }
  EXPECT_EQ(served.calls(), 0U);
  EXPECT_GE(statuses.size(), 11U) << "the generator reaches every refusal";
  EXPECT_GE(kinds.size(), 60U);
  client.reset();
  EXPECT_TRUE(served.eventually([](const Counters& now) { return now.open == 0 && now.incomplete_bytes == 0; }));
  EXPECT_EQ(served.reactor.run([&] { return served.service.open(); }), 0U);
  EXPECT_EQ(open_descriptors(), descriptors);
}

}  // namespace
}  // namespace tidemark::http
