// What the tests of Connection share: one connection, one fake broker, one reactor.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <random>
#include <string>

#include "wire/client_fake_broker.h"
#include "wire/connection.h"
#include "wire/generated/metadata.h"

namespace tidemark::wire::test {

inline Random seeded(std::uint64_t seed) {
  return [generator = std::mt19937_64(seed)]() mutable { return generator(); };
}

// What became of one call.
struct Outcome {
  int calls = 0;
  bool ok = false;
  ErrorKind kind = ErrorKind::internal;
  bool maybe_sent = false;
  std::string text;  // the error's message, or the response's cluster id
};

class ConnectionTest : public testing::Test {
 protected:
  using Request = msg::MetadataRequest;
  using Response = msg::MetadataResponse;
  using Exchange = FakeBroker::Exchange;

  ConnectionTest() {
    options.backoff = {std::chrono::milliseconds(1), std::chrono::milliseconds(5)};
    broker.speaks<Request>(0, 12);
    broker.on<Request>([](const Exchange& exchange) { exchange.reply<Request>(named("answer")); });
  }

  static Response named(const std::string& cluster_id) {
    Response response;
    response.cluster_id = cluster_id;
    return response;
  }
  void open() { connection = std::make_unique<Connection>(io, broker.address(), options, seeded(1)); }
  void connect() {
    open();
    ASSERT_TRUE(until([&] { return connection->ready(); })) << connection->last_error();
  }
  bool until(const std::function<bool()>& done) { return run_until(io, done); }

  static auto record(const std::shared_ptr<Outcome>& outcome) {
    return [outcome](const Reply<Response>& reply) {
      ++outcome->calls;
      outcome->ok = reply.ok();
      if (reply.ok()) {
        outcome->text = reply->cluster_id.value_or("");
      } else {
        outcome->kind = reply.error().kind;
        outcome->maybe_sent = reply.maybe_sent();
        outcome->text = reply.error().message;
      }
    };
  }
  std::shared_ptr<Outcome> ask(Duration timeout = std::chrono::seconds(60)) {
    auto outcome = std::make_shared<Outcome>();
    connection->call(Request{}, timeout, record(outcome));
    EXPECT_EQ(outcome->calls, 0) << "completed inside call";
    return outcome;
  }
  // Waits for the outcome and checks that it is this failure.
  void expect_failure(const std::shared_ptr<Outcome>& outcome, ErrorKind kind, bool maybe_sent) {
    ASSERT_TRUE(until([&] { return outcome->calls > 0; }));
    EXPECT_EQ(outcome->calls, 1);
    EXPECT_FALSE(outcome->ok);
    EXPECT_EQ(outcome->kind, kind) << outcome->text;
    EXPECT_EQ(outcome->maybe_sent, maybe_sent) << outcome->text;
  }
  // The connection works, if need be after it mended itself.
  void expect_works() {
    ASSERT_TRUE(until([&] { return connection->ready(); })) << connection->last_error();
    broker.on<Request>([](const Exchange& exchange) { exchange.reply<Request>(named("again")); });
    const auto outcome = ask();
    ASSERT_TRUE(until([&] { return outcome->calls > 0; }));
    EXPECT_TRUE(outcome->ok) << outcome->text;
    EXPECT_EQ(outcome->text, "again");
  }

  boost::asio::io_context io;
  FakeBroker broker{io};
  ConnectionOptions options;
  std::unique_ptr<Connection> connection;
};

}  // namespace tidemark::wire::test
