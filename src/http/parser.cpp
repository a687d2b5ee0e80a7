#include "http/parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <utility>

namespace tidemark::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using beast_view = boost::beast::string_view;

// The longest chunk size line without extensions, and the line ends around it.
constexpr std::size_t kChunkLineBytes = 32;

}  // namespace

// Beast's tokens, turned into a body and a count of fields. Trailer fields are
// read and dropped, as RFC 9110 §6.5.1 wants of a recipient that has no use for
// them: they must never look like header fields.
class RequestParser::Beast final : public beast_http::basic_parser<true> {
 public:
  Beast(const Limits& limits, std::string& body) : limits_(limits), body_(body) {
    body_limit(limits.body_bytes);
    header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(limits.header_bytes, 1U << 30U)));
  }

  std::size_t header_fields() const { return header_fields_; }

 private:
  using field = beast_http::field;

  void on_request_impl(beast_http::verb, beast_view, beast_view, int, error_code& ec) override { ec = {}; }
  void on_response_impl(int, beast_view, int, error_code& ec) override { ec = {}; }
  void on_field_impl(field, beast_view name, beast_view value, error_code& ec) override {
    ec = {};
    if (!in_body_) {
      ++header_fields_;
    } else {
      trailer_bytes_ += name.size() + value.size();
      if (trailer_bytes_ > limits_.trailer_bytes) ec = beast_http::error::header_limit;
    }
  }
  void on_header_impl(error_code& ec) override {
    ec = {};
    in_body_ = true;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& ec) override { ec = {}; }
  std::size_t on_body_impl(beast_view bytes, error_code& ec) override {
    ec = {};
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast_view extensions, error_code& ec) override {
    ec = {};
    extension_bytes_ += extensions.size();
    if (extension_bytes_ > limits_.chunk_extension_bytes) ec = beast_http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast_view bytes, error_code& ec) override {
    return on_body_impl(bytes, ec);
  }
  void on_finish_impl(error_code& ec) override { ec = {}; }

  const Limits& limits_;
  std::string& body_;
  std::size_t header_fields_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  bool in_body_ = false;
};

namespace {

Problem to_problem(const error_code& ec, const Limits& limits) {
  using beast_http::error;
  if (ec == error::body_limit)
    return {kBodyTooLarge, "A body may have " + std::to_string(limits.body_bytes) + " bytes"};
  if (ec == error::header_limit) return {kHeadersTooLarge, "The trailer fields are larger than this gateway takes"};
  if (ec == error::bad_chunk_extension)
    return {kMalformedRequest, "A chunk extension is malformed or larger than this gateway takes"};
  if (ec == error::bad_chunk) return {kMalformedRequest, "The chunks of the body are malformed"};
  return {kMalformedRequest, "The request is malformed: " + ec.message()};
}

}  // namespace

RequestParser::RequestParser(const Limits& limits) : limits_(limits), scanner_(limits) {}
RequestParser::~RequestParser() = default;

RequestParser::Verdict RequestParser::feed(std::string_view bytes, std::size_t& used) {
  used = 0;
  if (!head_complete_) {
    const Verdict verdict = feed_head(bytes, used);
    if (verdict != Verdict::need_more || !head_complete_) return verdict;
  }
  std::size_t used_by_body = 0;
  const Verdict verdict = feed_body(bytes.substr(used), used_by_body);
  used += used_by_body;
  return verdict;
}

RequestParser::Verdict RequestParser::feed_head(std::string_view bytes, std::size_t& used) {
  const HeadScanner::Verdict verdict = scanner_.scan(bytes, used);
  if (verdict == HeadScanner::Verdict::refused) return refuse(scanner_.problem());
  if (verdict == HeadScanner::Verdict::complete && carry_.empty())
    return finish_head(bytes.substr(0, used), used < bytes.size());
  carry_.append(bytes.substr(0, used));
  if (verdict == HeadScanner::Verdict::need_more) return Verdict::need_more;
  const std::string head = std::move(carry_);
  carry_.clear();
  return finish_head(head, used < bytes.size());
}

RequestParser::Verdict RequestParser::finish_head(std::string_view head, bool more_follows) {
  head_complete_ = true;
  head.remove_prefix(scanner_.skipped());
  const std::size_t line_end = head.find('\r');
  RequestLine line;
  if (std::optional<Problem> problem = check_request_line(head.substr(0, line_end), line)) return refuse(*problem);
  request_.method = line.method;
  request_.target = line.target;
  request_.http11 = line.http11;
  request_.headers = split_fields(head.substr(line_end + 2), scanner_.fields());
  if (std::optional<Problem> problem = split_target(request_)) return refuse(*problem);
  Framing framing;
  if (std::optional<Problem> problem = check_fields(request_.headers, line.http11, limits_, framing))
    return refuse(*problem);
  request_.keep_alive = framing.keep_alive;

  beast_ = std::make_unique<Beast>(limits_, request_.body);
  error_code ec;
  const std::size_t parsed = beast_->put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (ec) return refuse(to_problem(ec, limits_));
  if (parsed != head.size() || beast_->header_fields() != request_.headers.size() ||
      beast_->is_done() != (!framing.chunked && framing.length == 0))
    return refuse({kMalformedRequest, "The header block can be read in two ways"});
  if (beast_->is_done()) return Verdict::complete;
  if (framing.chunked) chunks_.emplace(limits_);
  beast_->eager(true);
  return framing.expects_continue && !more_follows ? Verdict::send_continue : Verdict::need_more;
}

RequestParser::Verdict RequestParser::feed_body(std::string_view bytes, std::size_t& used) {
  used = 0;
  if (bytes.empty()) return Verdict::need_more;
  bool ends = false;
  if (chunks_) {
    std::size_t own = 0;
    const ChunkScanner::Verdict verdict = chunks_->scan(bytes, own);
    if (verdict == ChunkScanner::Verdict::refused) return refuse(chunks_->problem());
    ends = verdict == ChunkScanner::Verdict::complete;
    bytes = bytes.substr(0, own);
  }
  const std::size_t carried = carry_.size();
  // Beast 1.81, resumed behind a last chunk "0\r\n" that came first and alone,
  // asserts that two more bytes have come: with assertions on, a client that
  // sends one would end the process.
  if (carry_ == "0\r\n" && bytes.size() == 1) {
    used = 1;
    carry_ += bytes;
    return Verdict::need_more;
  }
  std::string_view view = bytes;
  if (carried > 0) view = carry_.append(bytes);
  error_code ec;
  const std::size_t parsed = beast_->put(boost::asio::const_buffer(view.data(), view.size()), ec);
  if (ec && ec != beast_http::error::need_more) return refuse(to_problem(ec, limits_));
  if (beast_->is_done()) {
    // What was carried was not a whole chunk header, so the end lies behind it.
    used = parsed - std::min(parsed, carried);
    carry_ = std::string();
    if (chunks_ && (!ends || used != bytes.size())) return refuse({kMalformedRequest, "The end of the body can be read in two ways"});
    return Verdict::complete;
  }
  if (ends) return refuse({kMalformedRequest, "The end of the body can be read in two ways"});
  used = bytes.size();
  std::string rest(view.substr(parsed));
  carry_ = std::move(rest);
  if (carry_.size() > kChunkLineBytes + limits_.chunk_extension_bytes + limits_.trailer_bytes)
    return refuse({kMalformedRequest, "A chunk header or the trailer is larger than this gateway takes"});
  return Verdict::need_more;
}

RequestParser::Verdict RequestParser::refuse(Problem problem) {
  problem_ = std::move(problem);
  return Verdict::refused;
}

Request RequestParser::take() { return std::move(request_); }

}  // namespace tidemark::http
