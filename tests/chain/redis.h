// A Redis of a test's own, and what its reader asks it.
//
// The server listens on a Unix socket in a directory of its own: a port would have
// to be guessed. It keeps nothing on disk.
//
// Threading: a connection from one thread. Failures throw std::runtime_error.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/process.h"

struct redisContext;

namespace tidemark::test {

class RedisServer {
 public:
  // Returns when it answers.
  RedisServer();
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  const std::string& directory() const { return directory_; }
  std::string socket() const { return directory_ + "/redis"; }

 private:
  std::string directory_;
  std::unique_ptr<Process> process_;
};

class RedisConnection {
 public:
  explicit RedisConnection(const std::string& socket);

  // The replies to the commands, sent together; nothing where there is no value.
  std::vector<std::optional<std::string>> ask(const std::vector<std::vector<std::string>>& commands);
  // All of a list; empty where there is none.
  std::vector<std::string> list(const std::string& key);

 private:
  struct Disconnect {
    void operator()(redisContext* context) const;
  };
  std::unique_ptr<redisContext, Disconnect> context_;
};

}  // namespace tidemark::test
