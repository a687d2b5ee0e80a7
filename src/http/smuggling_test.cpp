// The streams of smuggling_cases.cpp: refused, or understood in exactly one way,
// however they are cut and whatever stands before or behind them.
//
// Every cut is tried twice: on the parser alone, and through a socket, where the
// connection decides what belongs to the next request. Also covers strict_chunks.cpp.
#include <gtest/gtest.h>

#include <memory>

#include "http/smuggling_cases.h"
#include "http/testing.h"
#include "http/testing_stream.h"

namespace tidemark::http {
namespace {

using testing::Client;
using testing::SmugglingCase;
using testing::TestServer;
using Answers = std::vector<std::string>;

const std::string kGood = "PUT /good HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nyes";
const std::string kGoodAnswer = "200 PUT /good yes";

Answers expected(const SmugglingCase& each) {
  Answers answers;
  for (const std::string& request : each.understood) answers.push_back("200 " + request);
  if (each.refused != 0) answers.push_back(std::to_string(each.refused));
  return answers;
}

// The same of the parser alone, with what Server would do about it.
Answers parsed(std::string_view bytes, const std::vector<std::size_t>& cuts, bool& waiting) {
  const testing::Understood understood = testing::understand(bytes, cuts, {});
  Answers answers;
  for (const Request& request : understood.requests)
    answers.push_back("200 " + request.method + ' ' + request.target + ' ' + request.body);
  if (understood.refused != 0) answers.push_back(std::to_string(understood.refused));
  waiting = understood.waiting;
  return answers;
}

Answers before(Answers answers) {
  answers.insert(answers.begin(), kGoodAnswer);
  return answers;
}

// Everything the server answers until it ends the connection.
Answers read_all(Client& client) {
  Answers answers;
  while (true) {
    const testing::Reply reply = client.read();
    if (reply.status == 0) return answers;
    if (reply.status == 100) continue;
    answers.push_back(std::to_string(reply.status) + (reply.status == 200 ? " " + reply.body : ""));
  }
}

TEST(Smuggling, StreamsMeanOneThingToTheParser) {
  for (const SmugglingCase& each : testing::smuggling_cases()) {
    SCOPED_TRACE(printable(each.name));
    bool waiting = false;
    const auto check = [&](const std::string& bytes, const std::vector<std::size_t>& cuts, const Answers& want) {
      EXPECT_EQ(parsed(bytes, cuts, waiting), want) << printable(bytes, 300);
      EXPECT_EQ(waiting, each.waiting) << printable(bytes, 300);
    };
    check(each.bytes, {}, expected(each));
    check(each.bytes, testing::every_byte(each.bytes.size()), expected(each));
    for (std::size_t at = 1; at < each.bytes.size() && !::testing::Test::HasFailure(); ++at)
      check(each.bytes, {at}, expected(each));
    const std::string behind = kGood + each.bytes;
    check(behind, testing::every_byte(behind.size()), before(expected(each)));
    for (std::size_t at = 0; at < behind.size() && !::testing::Test::HasFailure(); ++at)
      check(behind, {at}, before(expected(each)));
    if (each.refused != 0 || each.waiting || each.ends) continue;
    Answers both = expected(each);
    both.push_back(kGoodAnswer);
    for (std::size_t at = 0; at < each.bytes.size() && !::testing::Test::HasFailure(); ++at)
      check(each.bytes + kGood, {at}, both);
  }
}

// Sends `first` on one connection each, `second` when the server has read it.
void expect_cut(TestServer& server, const std::vector<std::pair<std::string_view, std::string_view>>& halves,
                const Answers& want) {
  std::uint64_t sent = server.counters().bytes_in;
  std::vector<std::unique_ptr<Client>> clients;
  for (const auto& [first, second] : halves) {
    clients.push_back(std::make_unique<Client>(server.port()));
    ASSERT_TRUE(clients.back()->send(first));
    sent += first.size();
  }
  ASSERT_TRUE(server.eventually([&](const Counters& now) { return now.bytes_in >= sent; }));
  for (std::size_t i = 0; i < halves.size(); ++i) {
    clients[i]->send(halves[i].second);
    clients[i]->half_close();
  }
  for (std::size_t i = 0; i < halves.size(); ++i)
    EXPECT_EQ(read_all(*clients[i]), want) << "cut behind " << printable(halves[i].first, 300);
  clients.clear();
  // Those refused in the first half leave bytes unread, so the count begins anew.
  ASSERT_TRUE(server.eventually([&](const Counters& now) { return now.open == 0; }));
}

TEST(Smuggling, StreamsMeanOneThingToTheServer) {
  TestServer server;
  for (const SmugglingCase& each : testing::smuggling_cases()) {
    SCOPED_TRACE(printable(each.name));
    const std::string_view bytes = each.bytes;
    std::vector<std::pair<std::string_view, std::string_view>> halves;
    for (std::size_t at = 0; at < bytes.size(); ++at) halves.emplace_back(bytes.substr(0, at), bytes.substr(at));
    expect_cut(server, halves, expected(each));
    if (HasFatalFailure() || HasFailure()) return;
  }
}

TEST(Smuggling, StreamsMeanOneThingAmongGoodRequests) {
  TestServer server;
  for (const SmugglingCase& each : testing::smuggling_cases()) {
    SCOPED_TRACE(printable(each.name));
    Client by_bytes(server.port());
    for (const char byte : kGood + each.bytes) by_bytes.send({&byte, 1});
    by_bytes.half_close();
    EXPECT_EQ(read_all(by_bytes), before(expected(each))) << "byte by byte";
    if (each.refused != 0 || each.waiting || each.ends) continue;
    Client pipelined(server.port());
    pipelined.send(kGood + each.bytes + kGood);
    pipelined.half_close();
    Answers all = before(expected(each));
    all.push_back(kGoodAnswer);
    EXPECT_EQ(read_all(pipelined), all);
  }
}

}  // namespace
}  // namespace tidemark::http
