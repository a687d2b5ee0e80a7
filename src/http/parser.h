// One request out of a stream of bytes that may be cut anywhere.
//
// The strict layer reads the header block and decides how the body ends, and reads
// what stands between chunks; Beast decodes the body, and reads the head a second
// time, because a request that two parsers understand differently is the kind that
// attacks are made of: what either refuses is refused. Beast costs 15 s of compile time a file and shows
// in no other header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/limits.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/strict.h"
#include "http/strict_chunks.h"

namespace tidemark::http {

// Lives from the first byte of a request to its last. Allocates for the request
// itself and for what arrived cut; everything is within Limits.
class RequestParser {
 public:
  enum class Verdict {
    need_more,
    send_continue,  // the head asks for "100 Continue" before the body; then go on feeding
    complete,       // take() the request; a byte not used belongs to the next one
    refused,        // answer problem() and close
  };

  // `limits` must outlive the parser.
  explicit RequestParser(const Limits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Sets `used` to how many of the bytes were taken: all of them unless the
  // verdict is other than need_more. Not to be called after complete or refused.
  Verdict feed(std::string_view bytes, std::size_t& used);

  bool head_complete() const { return head_complete_; }
  // Of the body, decoded.
  std::uint64_t body_received() const { return request_.body.size(); }
  // Held on behalf of a request that is not complete.
  std::size_t held_bytes() const { return request_.body.size() + carry_.size(); }

  // Precondition: feed() said complete.
  Request take();
  // Precondition: feed() said refused.
  const Problem& problem() const { return problem_; }

 private:
  class Beast;

  Verdict feed_head(std::string_view bytes, std::size_t& used);
  Verdict finish_head(std::string_view head, bool more_follows);
  Verdict feed_body(std::string_view bytes, std::size_t& used);
  Verdict refuse(Problem problem);

  const Limits& limits_;
  HeadScanner scanner_;
  std::string carry_;  // the head so far, or the chunk header or trailer so far
  std::optional<ChunkScanner> chunks_;  // of a chunked body
  std::unique_ptr<Beast> beast_;
  Request request_;
  Problem problem_{kMalformedRequest, {}};
  bool head_complete_ = false;
};

}  // namespace tidemark::http
