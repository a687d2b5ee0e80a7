// Connection when the broker, or the way to it, misbehaves: every request ends
// exactly once, says whether it may have been carried out, and the connection
// mends itself. client_dial.cpp is tested here too, through it, and
// client_fake_broker.cpp, which would let no test pass if it were wrong.
#include <algorithm>
#include <random>
#include <vector>

#include "wire/client_connection_fixture.h"
#include "wire/generated/api_versions.h"
#include "wire/generated/produce.h"

namespace tidemark::wire::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(ConnectionTest, AWrongCorrelationIdBreaksTheConnection) {
  connect();
  broker.on<Request>([](const Exchange& exchange) {
    exchange.send(frame_of<Request>(named("wrong"), exchange.version(), exchange.header.correlation_id + 1));
  });
  const auto first = ask();
  const auto second = ask();
  expect_failure(first, ErrorKind::unavailable, true);
  expect_failure(second, ErrorKind::unavailable, true);
  EXPECT_NE(first->text.find("does not belong"), std::string::npos) << first->text;
  expect_works();
  EXPECT_EQ(broker.accepted, 2U);
}

TEST_F(ConnectionTest, AnAnswerThatNobodyAskedForBreaksTheConnection) {
  broker.on<Request>([](const Exchange& exchange) {
    exchange.reply<Request>(named("one"));
    exchange.reply<Request>(named("two"));
  });
  connect();
  const auto outcome = ask();
  ASSERT_TRUE(until([&] { return outcome->calls > 0 && broker.accepted == 2; }));
  EXPECT_TRUE(outcome->ok);
  expect_works();
}

TEST_F(ConnectionTest, AResponseThatCannotBeDecodedIsCorrupt) {
  for (const bool longer : {false, true}) {
    connect();
    broker.on<Request>([longer](const Exchange& exchange) {
      std::string frame = frame_of<Request>(named("cluster"), exchange.version(), exchange.header.correlation_id);
      if (longer) {
        frame += '\0';
      } else {
        frame.pop_back();
      }
      frame[3] = static_cast<char>(frame.size() - 4);
      exchange.send(frame);
    });
    const auto first = ask();
    const auto second = ask();
    expect_failure(first, ErrorKind::corrupt, true);
    expect_failure(second, ErrorKind::unavailable, true);
    expect_works();
  }
}

TEST_F(ConnectionTest, FrameSizesThatCannotBeBreakTheConnection) {
  options.max_response_bytes = 1 << 20;
  connect();
  for (const std::string& size : {std::string("\xff\xff\xff\xff", 4), std::string("\x7f\xff\xff\xff", 4),
                                  std::string("\0\x10\0\1", 4), std::string("\0\0\0\0", 4)}) {
    broker.on<Request>([&](const Exchange& exchange) { exchange.send(size + std::string(100, 'x')); });
    expect_failure(ask(), ErrorKind::unavailable, true);
    expect_works();
  }
}

TEST_F(ConnectionTest, ATruncatedFrameAndACloseEndTheRequest) {
  connect();
  broker.on<Request>([](const Exchange& exchange) {
    exchange.send(frame_of<Request>(named("half"), exchange.version(), exchange.header.correlation_id).substr(0, 9));
    exchange.close();
  });
  expect_failure(ask(), ErrorKind::unavailable, true);
  expect_works();
}

TEST_F(ConnectionTest, ALostReplyIsNotAskedForAgain) {
  connect();
  broker.on<Request>([](const Exchange& exchange) { exchange.close(); });
  expect_failure(ask(), ErrorKind::unavailable, true);
  ASSERT_TRUE(until([&] { return connection->ready(); }));
  EXPECT_EQ(broker.count(Request::kApiKey), 1U);
  expect_works();
}

TEST_F(ConnectionTest, AResetInTheMiddleEndsAllOnce) {
  connect();
  int seen = 0;
  broker.on<Request>([&](const Exchange& exchange) {
    if (++seen < 3) return exchange.reply<Request>(named("early"));
    exchange.reset();
  });
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (int i = 0; i < 6; ++i) outcomes.push_back(ask());
  for (const auto& outcome : outcomes) {
    ASSERT_TRUE(until([&] { return outcome->calls > 0; }));
    EXPECT_EQ(outcome->calls, 1);
    EXPECT_TRUE(outcome->ok || outcome->maybe_sent);
  }
  EXPECT_FALSE(outcomes[2]->ok);
  expect_works();
}

TEST_F(ConnectionTest, ABrokerThatNeverAnswersMeetsTheDeadline) {
  connect();
  std::vector<Exchange> waiting;
  broker.on<Request>([&](const Exchange& exchange) { waiting.push_back(exchange); });
  const auto patient = ask(seconds(60));
  const auto hasty = ask(milliseconds(40));
  const auto behind = ask(seconds(60));
  expect_failure(hasty, ErrorKind::timeout, true);
  expect_failure(patient, ErrorKind::unavailable, true);
  expect_failure(behind, ErrorKind::unavailable, true);
  for (const Exchange& exchange : waiting) exchange.reply<Request>(named("too late"));
  expect_works();
}

TEST_F(ConnectionTest, DeadlinesThatWereMetDoNotRing) {
  connect();
  const auto met = ask(milliseconds(1000));
  ASSERT_TRUE(until([&] { return met->calls > 0; }));
  ASSERT_TRUE(met->ok);
  // The alarm set for the first rings while these are out, and ends neither:
  // else the second would end as unavailable.
  broker.on<Request>([](const Exchange&) {});
  const auto slow = ask(seconds(60));
  const auto overdue = ask(milliseconds(1200));
  expect_failure(overdue, ErrorKind::timeout, true);
  expect_failure(slow, ErrorKind::unavailable, true);
}

TEST_F(ConnectionTest, ABrokerThatAcceptsAndNeverShakesHandsIsTriedAgain) {
  options.connect_timeout = milliseconds(40);
  broker.on<msg::ApiVersionsRequest>([](const Exchange&) {});
  open();
  std::vector<ErrorKind> kinds;
  connection->on_lost([&](const Error& error, bool was_ready) {
    EXPECT_FALSE(was_ready);
    kinds.push_back(error.kind);
  });
  ASSERT_TRUE(until([&] { return kinds.size() == 3; }));
  EXPECT_EQ(kinds, std::vector<ErrorKind>(3, ErrorKind::timeout));
  EXPECT_NE(connection->last_error().find("handshake"), std::string::npos);
  broker.on<msg::ApiVersionsRequest>([](const Exchange& exchange) {
    msg::ApiVersionsResponse response;
    response.api_keys.push_back({18, 0, 5});
    response.api_keys.push_back({3, 0, 12});
    exchange.reply<msg::ApiVersionsRequest>(response);
  });
  expect_works();
}

TEST_F(ConnectionTest, AHandshakeThatFailsIsTriedAgain) {
  int attempts = 0;
  broker.on<msg::ApiVersionsRequest>([&](const Exchange& exchange) {
    ++attempts;
    msg::ApiVersionsResponse response;
    if (attempts == 1) return exchange.close();
    if (attempts == 2) return exchange.send(std::string("\0\0\0\4\0\0\0\0", 8));  // no body
    if (attempts == 3) response.error_code = 31;
    if (attempts > 4) response.api_keys.push_back({3, 0, 12});
    exchange.reply<msg::ApiVersionsRequest>(response);
  });
  open();
  ASSERT_TRUE(until([&] { return connection->ready(); }));
  EXPECT_EQ(attempts, 5);
  expect_works();
}

// Requests that the socket did not take are known not to have been sent; one
// that it took a part of is not known.
TEST_F(ConnectionTest, ABrokerThatDoesNotReadLeavesTheQueueUnsent) {
  broker.speaks<msg::ProduceRequest>(3, 3);
  connect();
  broker.on<Request>([](const Exchange&) {});
  broker.reading = false;
  const auto nudge = ask(seconds(60));  // the broker's last read
  ASSERT_TRUE(until([&] { return broker.count(Request::kApiKey) == 1; }));
  const std::string records(std::size_t{12} << 20, 'r');
  msg::ProduceRequest request;
  request.topic_data.emplace_back().partition_data.emplace_back().records = records;
  std::vector<std::shared_ptr<Outcome>> outcomes;
  const auto produce = [&](Duration timeout) {
    auto outcome = outcomes.emplace_back(std::make_shared<Outcome>());
    ASSERT_TRUE(connection
                    ->send(request, timeout,
                           [outcome](const Reply<msg::ProduceResponse>& reply) {
                             ++outcome->calls;
                             outcome->kind = reply.error().kind;
                             outcome->maybe_sent = reply.maybe_sent();
                           })
                    .ok());
  };
  produce(milliseconds(1000));
  for (int turn = 0; turn < 20; ++turn) io.run_one_for(milliseconds(1));  // the write has begun
  produce(seconds(60));
  expect_failure(outcomes[0], ErrorKind::timeout, true);
  expect_failure(outcomes[1], ErrorKind::unavailable, false);
  expect_failure(nudge, ErrorKind::unavailable, true);
  broker.reading = true;
  expect_works();
}

TEST_F(ConnectionTest, ComesBackAfterTheBrokerDoes) {
  connect();
  std::vector<bool> lost;
  connection->on_lost([&](const Error&, bool was_ready) { lost.push_back(was_ready); });
  broker.down();
  ASSERT_TRUE(until([&] { return lost.size() >= 3; }));
  EXPECT_TRUE(lost[0]);
  EXPECT_FALSE(lost[1]);
  EXPECT_FALSE(connection->last_error().empty());
  expect_failure(ask(), ErrorKind::unavailable, false);
  broker.resume();
  expect_works();
  EXPECT_TRUE(connection->last_error().empty());
}

TEST_F(ConnectionTest, ANameWithoutAnAddressIsAnErrorNotAnEnd) {
  connection = std::make_unique<Connection>(io, Address{"no-such-host.invalid", 9092}, options, seeded(1));
  ASSERT_TRUE(until([&] { return !connection->last_error().empty(); }));
  EXPECT_NE(connection->last_error().find("no-such-host.invalid"), std::string::npos);
  EXPECT_FALSE(connection->stopped());
}

TEST_F(ConnectionTest, ANameIsResolved) {
  connection = std::make_unique<Connection>(io, Address{"localhost", broker.address().port}, options, seeded(1));
  expect_works();
}

TEST_F(ConnectionTest, ResponsesArriveInAnyPieces) {
  connect();
  Response large;
  large.cluster_id = "large";
  large.topics.resize(20'000);
  std::vector<std::shared_ptr<Outcome>> outcomes;
  broker.on<Request>([&](const Exchange& exchange) {
    const std::string frame = frame_of<Request>(large, exchange.version(), exchange.header.correlation_id);
    std::size_t at = 0;
    for (std::size_t piece = 1; at < frame.size(); piece = piece * 3 + 1) {
      exchange.send(frame.substr(at, piece));
      at += piece;
    }
  });
  for (int i = 0; i < 5; ++i) outcomes.push_back(ask());
  for (const auto& outcome : outcomes) {
    ASSERT_TRUE(until([&] { return outcome->calls > 0; }));
    EXPECT_TRUE(outcome->ok);
    EXPECT_EQ(outcome->text, "large");
  }
}

// Whatever comes back, each request ends exactly once, and the connection works
// afterwards.
TEST_F(ConnectionTest, SurvivesAHostileBroker) {
  std::mt19937_64 random(20'240'611);
  const auto misbehave = [&](const Exchange& exchange) {
    std::string frame = frame_of<Request>(named("x"), exchange.version(), exchange.header.correlation_id);
    switch (random() % 9) {
      case 0: return exchange.close();
      case 1: return exchange.reset();
      case 2: {
        frame[random() % frame.size()] = static_cast<char>(random());
        return exchange.send(frame);
      }
      case 3: return exchange.send(frame.substr(0, random() % frame.size()));
      case 4: return exchange.send(frame + frame);
      case 5: {
        std::string noise(random() % 300, '\0');
        for (char& c : noise) c = static_cast<char>(random());
        return exchange.send(noise);
      }
      default: return exchange.send(frame);
    }
  };
  broker.on<Request>(misbehave);
  connect();
  std::vector<std::shared_ptr<Outcome>> outcomes;
  std::size_t answered = 0;
  for (int round = 0; round < 300; ++round) {
    ASSERT_TRUE(until([&] { return connection->ready(); }));
    for (std::uint64_t i = 0; i <= random() % 4; ++i) outcomes.push_back(ask(milliseconds(100)));
    for (std::uint64_t turn = 0; turn < random() % 20; ++turn) io.poll_one();
  }
  ASSERT_TRUE(until([&] { return std::ranges::all_of(outcomes, [](const auto& o) { return o->calls > 0; }); }));
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome->calls, 1);
    if (outcome->ok) ++answered;
  }
  EXPECT_GT(answered, 50U);
  EXPECT_LT(answered, outcomes.size());
  expect_works();
}

}  // namespace
}  // namespace tidemark::wire::test
