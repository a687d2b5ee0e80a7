// See redis.h.
#include "redis.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>

namespace tidemark::test {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

std::string own_directory() {
  std::string path = (std::filesystem::temp_directory_path() / "tidemark-redis-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a directory for Redis");
  return path;
}

}  // namespace

RedisServer::RedisServer() : directory_(own_directory()) {
  process_ = std::make_unique<Process>(std::vector<std::string>{"redis-server", "--port", "0", "--unixsocket", socket(),
                                                                "--save", "", "--appendonly", "no", "--dir", directory_});
  if (!process_->wait_for_line("ready to accept connections"))
    throw std::runtime_error("Redis did not come up:\n" + process_->output());
}

RedisServer::~RedisServer() {
  process_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void RedisConnection::Disconnect::operator()(redisContext* context) const { redisFree(context); }

RedisConnection::RedisConnection(const std::string& socket) : context_(redisConnectUnix(socket.c_str())) {
  if (context_ == nullptr || context_->err != 0) throw std::runtime_error("cannot connect to Redis at " + socket);
}

std::vector<std::optional<std::string>> RedisConnection::ask(const std::vector<std::vector<std::string>>& commands) {
  for (const std::vector<std::string>& words : commands) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const std::string& word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(), sizes.data());
  }
  std::vector<std::optional<std::string>> replies;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) throw std::runtime_error(std::string("Redis: ") + context_->errstr);
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(std::string("Redis: ") + reply->str);
    if (reply->type == REDIS_REPLY_INTEGER) {
      replies.emplace_back(std::to_string(reply->integer));
    } else if (reply->type == REDIS_REPLY_STRING) {
      replies.emplace_back(std::string(reply->str, reply->len));
    } else {
      replies.emplace_back();
    }
  }
  return replies;
}

std::vector<std::string> RedisConnection::list(const std::string& key) {
  const std::unique_ptr<redisReply, FreeReply> reply(
      static_cast<redisReply*>(redisCommand(context_.get(), "LRANGE %s 0 -1", key.c_str())));
  if (!reply || reply->type != REDIS_REPLY_ARRAY) throw std::runtime_error("Redis: no list " + key);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < reply->elements; ++i) values.emplace_back(reply->element[i]->str, reply->element[i]->len);
  return values;
}

}  // namespace tidemark::test
