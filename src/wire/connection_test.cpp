// Connection when the broker behaves: versions, pipelining, bounds, and stop.
#include "wire/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <vector>

#include "wire/client_connection_fixture.h"
#include "wire/generated/api_versions.h"
#include "wire/generated/fetch.h"
#include "wire/generated/list_groups.h"
#include "wire/generated/produce.h"

namespace tidemark::wire::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(ConnectionTest, SpeaksTheHighestVersionThatBothKnow) {
  broker.speaks<Request>(1, 7);
  connect();
  EXPECT_EQ(connection->version_of<Request>(), 7);
  EXPECT_EQ(connection->broker_versions(Request::kApiKey), (VersionRange{1, 7}));
  const auto outcome = ask();
  ASSERT_TRUE(until([&] { return outcome->calls > 0; }));
  EXPECT_TRUE(outcome->ok);
  EXPECT_EQ(outcome->text, "answer");
  EXPECT_EQ(broker.received.back().request_api_version, 7);
  EXPECT_EQ(broker.received.back().client_id, "tidemark");
}

TEST_F(ConnectionTest, SpeaksItsOwnHighestToANewerBroker) {
  broker.speaks<Request>(4, 99);
  connect();
  EXPECT_EQ(connection->version_of<Request>(), Request::kMaxVersion);
}

TEST_F(ConnectionTest, HandshakeFallsBackToVersionZero) {
  broker.newest_api_versions = 2;
  connect();
  ASSERT_EQ(broker.received.size(), 2U);
  EXPECT_EQ(broker.received[0].request_api_version, msg::ApiVersionsRequest::kMaxVersion);
  EXPECT_EQ(broker.received[1].request_api_version, 0);
  expect_works();
}

TEST_F(ConnectionTest, HandshakeInTheNewestVersionNeedsOneRequest) {
  broker.newest_api_versions = msg::ApiVersionsRequest::kMaxVersion;
  connect();
  EXPECT_EQ(broker.received.size(), 1U);
  expect_works();
}

TEST_F(ConnectionTest, AnApiThatTheBrokerLacksIsRefusedByName) {
  broker.speaks<msg::FetchRequest>(900, 901);
  connect();
  EXPECT_EQ(connection->version_of<msg::ListGroupsRequest>(), std::nullopt);
  EXPECT_EQ(connection->version_of<msg::FetchRequest>(), std::nullopt);
  const auto never = [](const auto&) { ADD_FAILURE() << "called although refused"; };
  const Result<void> lacks = connection->send(msg::ListGroupsRequest{}, seconds(1), never);
  EXPECT_EQ(lacks.error().kind, ErrorKind::invalid);
  EXPECT_NE(lacks.error().message.find("API 16"), std::string::npos) << lacks.error().message;
  EXPECT_NE(lacks.error().message.find(broker.address().to_string()), std::string::npos);
  const Result<void> too_new = connection->send(msg::FetchRequest{}, seconds(1), never);
  EXPECT_NE(too_new.error().message.find("from 900 to 901"), std::string::npos) << too_new.error().message;
  expect_works();
}

TEST_F(ConnectionTest, ARequestThatItsVersionCannotSayIsRefused) {
  broker.speaks<Request>(0, 0);  // in which a null array, "all topics", does not exist
  connect();
  Request all;
  all.topics = std::nullopt;
  const Result<void> sent =
      connection->send(all, seconds(1), [](const auto&) { ADD_FAILURE() << "called although refused"; });
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::invalid);
  const auto outcome = ask();  // nothing of the refused request is in the way
  ASSERT_TRUE(until([&] { return outcome->calls > 0; }));
  EXPECT_TRUE(outcome->ok) << outcome->text;
}

TEST_F(ConnectionTest, PipelinesInOrderAndWritesATurnAtOnce) {
  connect();
  std::vector<Exchange> waiting;
  broker.on<Request>([&](const Exchange& exchange) { waiting.push_back(exchange); });
  const std::size_t reads_before = broker.reads;
  std::vector<int> order;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(connection
                    ->send(Request{}, seconds(60),
                           [&order, i](const Reply<Response>& reply) {
                             ASSERT_TRUE(reply.ok());
                             EXPECT_EQ(reply->cluster_id, std::to_string(i));
                             order.push_back(i);
                           })
                    .ok());
  }
  EXPECT_EQ(connection->in_flight(), 50U);
  ASSERT_TRUE(until([&] { return waiting.size() == 50; }));
  EXPECT_EQ(broker.reads - reads_before, 1U);
  EXPECT_TRUE(order.empty());
  for (std::size_t i = 0; i < waiting.size(); ++i) waiting[i].reply<Request>(named(std::to_string(i)));
  ASSERT_TRUE(until([&] { return order.size() == 50; }));
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_EQ(connection->in_flight(), 0U);
}

TEST_F(ConnectionTest, CompletionsMaySendMore) {
  connect();
  int left = 1000;
  std::function<void(const Reply<Response>&)> next = [&](const Reply<Response>& reply) {
    ASSERT_TRUE(reply.ok());
    if (--left > 0) connection->call(Request{}, seconds(60), next);
  };
  connection->call(Request{}, seconds(60), next);
  EXPECT_TRUE(until([&] { return left == 0; }));
}

TEST_F(ConnectionTest, ViewsOfAResponsePointIntoTheReceivedBytes) {
  broker.speaks<msg::FetchRequest>(4, 4);
  const std::string records(100'000, 'r');
  msg::FetchResponse response;
  response.responses.emplace_back().partitions.emplace_back().records = records;
  broker.answer<msg::FetchRequest>(response);
  connect();
  std::string seen;
  connection->call(msg::FetchRequest{}, seconds(60), [&](const Reply<msg::FetchResponse>& reply) {
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    seen = *reply->responses.at(0).partitions.at(0).records;
  });
  ASSERT_TRUE(until([&] { return !seen.empty(); }));
  EXPECT_EQ(seen, records);
}

TEST_F(ConnectionTest, RequestsInFlightAreBounded) {
  options.max_in_flight = 3;
  connect();
  std::vector<Exchange> waiting;
  broker.on<Request>([&](const Exchange& exchange) { waiting.push_back(exchange); });
  std::vector<std::shared_ptr<Outcome>> accepted;
  for (int i = 0; i < 3; ++i) accepted.push_back(ask());
  const Result<void> full = connection->send(Request{}, seconds(1), [](const auto&) { ADD_FAILURE(); });
  EXPECT_EQ(full.error().kind, ErrorKind::limit);
  const auto refused = ask();
  expect_failure(refused, ErrorKind::limit, false);
  ASSERT_TRUE(until([&] { return waiting.size() == 3; }));
  for (const Exchange& exchange : waiting) exchange.reply<Request>(named("late"));
  for (const auto& outcome : accepted) {
    ASSERT_TRUE(until([&] { return outcome->calls > 0; }));
    EXPECT_TRUE(outcome->ok);
  }
  expect_works();
}

TEST_F(ConnectionTest, QueuedBytesAreBounded) {
  broker.speaks<msg::ProduceRequest>(3, 3);
  options.max_queued_bytes = 10'000;
  connect();
  const std::string records(4'000, 'r');
  msg::ProduceRequest request;
  request.topic_data.emplace_back().partition_data.emplace_back().records = records;
  int answered = 0;
  const auto count = [&](const Reply<msg::ProduceResponse>&) { ++answered; };
  broker.answer<msg::ProduceRequest>({});
  ASSERT_TRUE(connection->send(request, seconds(60), count).ok());
  ASSERT_TRUE(connection->send(request, seconds(60), count).ok());
  EXPECT_EQ(connection->send(request, seconds(60), count).error().kind, ErrorKind::limit);
  ASSERT_TRUE(until([&] { return answered == 2; }));
  ASSERT_TRUE(connection->send(request, seconds(60), count).ok());  // what was written is no longer queued
  ASSERT_TRUE(until([&] { return answered == 3; }));
  const std::string large(10'000, 'r');
  request.topic_data[0].partition_data[0].records = large;
  EXPECT_EQ(connection->send(request, seconds(60), count).error().kind, ErrorKind::limit);
  expect_works();
}

TEST_F(ConnectionTest, BeforeItIsReadyACallIsRefusedAndCertainlyNotSent) {
  open();
  EXPECT_FALSE(connection->ready());
  EXPECT_EQ(connection->version_of<Request>(), std::nullopt);
  expect_failure(ask(), ErrorKind::unavailable, false);
  EXPECT_EQ(broker.count(Request::kApiKey), 0U);
}

TEST_F(ConnectionTest, WhenReadyWaitsAndComesFromTheReactor) {
  open();
  int before = 0;
  connection->when_ready(seconds(60), [&](const Result<void>& result) { before += result.ok() ? 1 : 100; });
  EXPECT_EQ(before, 0);
  ASSERT_TRUE(until([&] { return before != 0; }));
  EXPECT_EQ(before, 1);
  EXPECT_TRUE(connection->ready());
  int after = 0;
  connection->when_ready(seconds(60), [&](const Result<void>& result) { after += result.ok() ? 1 : 100; });
  EXPECT_EQ(after, 0);
  ASSERT_TRUE(until([&] { return after != 0; }));
  EXPECT_EQ(after, 1);
}

TEST_F(ConnectionTest, WhenReadyIsBoundedInTimeAndNumber) {
  broker.down();
  options.max_waiters = 1;
  open();
  std::vector<ErrorKind> kinds;
  const auto record_kind = [&](const Result<void>& result) { kinds.push_back(result.error().kind); };
  connection->when_ready(milliseconds(30), record_kind);
  connection->when_ready(seconds(60), record_kind);
  ASSERT_TRUE(until([&] { return kinds.size() == 2; }));
  EXPECT_EQ(kinds, (std::vector<ErrorKind>{ErrorKind::limit, ErrorKind::timeout}));
}

TEST_F(ConnectionTest, StopEndsEverythingBeforeItReturns) {
  connect();
  broker.on<Request>([](const Exchange&) {});
  std::vector<std::shared_ptr<Outcome>> sent;
  for (int i = 0; i < 10; ++i) sent.push_back(ask());
  ASSERT_TRUE(until([&] { return broker.count(Request::kApiKey) == 10; }));
  const auto queued = ask();
  int waiter = 0;
  connection->when_ready(seconds(60), [&](const Result<void>& result) { waiter += result.ok() ? 100 : 1; });
  connection->stop();
  EXPECT_TRUE(connection->stopped());
  for (const auto& outcome : sent) {
    EXPECT_EQ(outcome->calls, 1);
    EXPECT_EQ(outcome->kind, ErrorKind::unavailable);
    EXPECT_TRUE(outcome->maybe_sent);
  }
  EXPECT_EQ(queued->calls, 1);
  EXPECT_FALSE(queued->maybe_sent);
  EXPECT_EQ(waiter, 1);
  EXPECT_EQ(connection->in_flight(), 0U);
  connection->stop();  // again: nothing more
  expect_failure(ask(), ErrorKind::unavailable, false);
  ASSERT_TRUE(until([&] { return broker.open_sessions() == 0; }));
  EXPECT_EQ(broker.accepted, 1U);
}

TEST_F(ConnectionTest, StopCallsWhatWasRefusedAndNotYetTold) {
  open();
  const auto refused = ask();
  connection->stop();
  EXPECT_EQ(refused->calls, 1);
}

TEST_F(ConnectionTest, DestroyedInACompletionItStillCallsTheOthersOnce) {
  connect();
  std::vector<int> calls(5, 0);
  std::vector<int> at_destruction;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    connection->call(Request{}, seconds(60), [&, i](const Reply<Response>&) {
      ++calls[i];
      if (i == 1) {
        connection.reset();
        at_destruction = calls;
      }
    });
  }
  ASSERT_TRUE(until([&] { return !connection; }));
  EXPECT_EQ(at_destruction, std::vector<int>(5, 1));
  ASSERT_TRUE(until([&] { return broker.open_sessions() == 0; }));
  EXPECT_EQ(calls, std::vector<int>(5, 1));
}

TEST_F(ConnectionTest, DestroyedWhileItEndsTheOutstandingItLeavesNoneBehind) {
  connect();
  broker.on<Request>([](const Exchange& exchange) { exchange.close(); });
  std::vector<int> calls(5, 0);
  std::vector<int> at_destruction;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    connection->call(Request{}, seconds(60), [&, i](const Reply<Response>&) {
      ++calls[i];
      if (i == 2) {
        connection.reset();
        at_destruction = calls;
      }
    });
  }
  ASSERT_TRUE(until([&] { return !connection; }));
  EXPECT_EQ(at_destruction, std::vector<int>(5, 1));
  bool turned = false;
  boost::asio::post(io, [&] { turned = true; });
  ASSERT_TRUE(until([&] { return turned; }));
  EXPECT_EQ(calls, std::vector<int>(5, 1));
}

TEST_F(ConnectionTest, DestroyedWhileDialingNothingRuns) {
  for (int i = 0; i < 20; ++i) {
    open();
    int waiter = 0;
    connection->when_ready(seconds(60), [&](const Result<void>&) { ++waiter; });
    for (int turn = 0; turn < i; ++turn) io.poll_one();
    connection.reset();
    EXPECT_EQ(waiter, 1);
  }
  ASSERT_TRUE(until([&] { return broker.open_sessions() == 0; }));
}

}  // namespace
}  // namespace tidemark::wire::test
