// See views.h.
#include "demo/views.h"

#include <hiredis/hiredis.h>

#include <cstdlib>
#include <string_view>

namespace demo {
namespace {

using tidemark::Error;
using tidemark::ErrorKind;
using tidemark::Result;

constexpr int kKeptRecent = 10'000;  // so that Redis stays small however long the demo runs
constexpr int kShownRecent = 10;
constexpr int kShownTop = 100;

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string member_of(const ViewedPage& view) { return view.user + " " + view.path; }

std::string text_of(const redisReply* reply) { return {reply->str, reply->len}; }

// The next reply of the pipeline; an Error when Redis is gone or says no.
Result<Reply> next_reply(redisContext* redis) {
  void* raw = nullptr;
  if (redisGetReply(redis, &raw) != REDIS_OK) {
    return Error{ErrorKind::unavailable, std::string("Redis: ") + redis->errstr};
  }
  Reply reply(static_cast<redisReply*>(raw));
  if (reply->type == REDIS_REPLY_ERROR) return Error{ErrorKind::unavailable, "Redis: " + text_of(reply.get())};
  return reply;
}

}  // namespace

void Views::Disconnect::operator()(redisContext* context) const { redisFree(context); }

Result<Views> Views::connect(std::uint16_t port, std::chrono::milliseconds timeout) {
  const timeval bound{timeout.count() / 1000, timeout.count() % 1000 * 1000};
  redisContext* context = redisConnectWithTimeout("127.0.0.1", port, bound);
  if (context == nullptr) return Error{ErrorKind::unavailable, "Redis: out of memory"};
  Views views(context);
  if (context->err != 0) return Error{ErrorKind::unavailable, std::string("Redis: ") + context->errstr};
  redisSetTimeout(context, bound);
  return views;
}

Result<void> Views::add(const ViewedPage& view, std::int64_t viewed_ms) {
  const std::string member = member_of(view);
  redisAppendCommand(redis_.get(), "ZADD views:recent %lld %b", static_cast<long long>(viewed_ms), member.data(),
                     member.size());
  redisAppendCommand(redis_.get(), "ZREMRANGEBYRANK views:recent 0 %d", -kKeptRecent - 1);
  redisAppendCommand(redis_.get(), "ZINCRBY views:top 1 %b", view.path.data(), view.path.size());
  for (int i = 0; i < 3; ++i) {
    if (auto reply = next_reply(redis_.get()); !reply) return reply.error();
  }
  return {};
}

Result<Snapshot> Views::read(const ViewedPage& own) {
  const std::string member = member_of(own);
  redisAppendCommand(redis_.get(), "ZREVRANGE views:recent 0 %d", kShownRecent - 1);
  redisAppendCommand(redis_.get(), "ZSCORE views:recent %b", member.data(), member.size());
  redisAppendCommand(redis_.get(), "ZREVRANGE views:top 0 %d WITHSCORES", kShownTop - 1);
  auto recent = next_reply(redis_.get());
  if (!recent) return recent.error();
  auto score = next_reply(redis_.get());
  if (!score) return score.error();
  auto top = next_reply(redis_.get());
  if (!top) return top.error();

  Snapshot snapshot;
  snapshot.contains_own = (*score)->type == REDIS_REPLY_STRING;
  for (std::size_t i = 0; i < (*recent)->elements; ++i) {
    const std::string text = text_of((*recent)->element[i]);
    const auto space = text.find(' ');
    snapshot.recent.push_back({text.substr(0, space), space == std::string::npos ? "" : text.substr(space + 1)});
  }
  for (std::size_t i = 0; i + 1 < (*top)->elements; i += 2) {
    const std::int64_t count = std::strtoll(text_of((*top)->element[i + 1]).c_str(), nullptr, 10);
    snapshot.top.emplace_back(text_of((*top)->element[i]), count);
    snapshot.total += count;
  }
  return snapshot;
}

}  // namespace demo
