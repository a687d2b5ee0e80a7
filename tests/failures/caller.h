// One client of a gateway: sends, waits, and looks into Redis the moment an answer comes.
//
// Threading: one thread. Nothing throws but Redis having gone.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "history.h"
#include "recorder.h"
#include "redis.h"
#include "support/http_client.h"

namespace tidemark::test {

// Where a gateway listens now; 0 while it is known to be away.
using Port = std::atomic<std::uint16_t>;

class Caller {
 public:
  Caller(int gateway, const Port& port, const std::string& redis, const Recorder& recorder)
      : gateway_(gateway), port_(port), redis_(redis), recorder_(recorder) {}

  // `parameters`: of the URL, without the wait.
  Call publish(const std::string& topic, const std::string& parameters, const std::string& value, std::int64_t wait);
  Call ask(const std::string& mark, std::int64_t wait);

 private:
  Call run(const std::string& method, const std::string& target, const std::string& body, std::int64_t wait);
  // A connection that the gateway has not ended, or none.
  void connect(Call& call);

  const int gateway_;
  const Port& port_;
  RedisConnection redis_;
  const Recorder& recorder_;
  std::optional<HttpConnection> connection_;
  std::uint16_t connected_to_ = 0;
};

}  // namespace tidemark::test
