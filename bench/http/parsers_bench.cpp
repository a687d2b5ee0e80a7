// What reading a request's head a second time costs, by Beast and by another library.
//
// The gateway's own strict reading is what decides (http/strict.h); a second parser
// only has to agree. If Beast were slow at it, another library's would be the first
// thing to try, before anything of our own.
#include <benchmark/benchmark.h>
#include <http_parser.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdlib>
#include <string>

#include "common/publish.h"
#include "http/parser.h"

namespace tidemark::bench {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using beast_view = boost::beast::string_view;

const std::string kPublish = publish_bytes();

class CountingBeast final : public beast_http::basic_parser<true> {
 public:
  std::size_t fields = 0, body = 0;

 private:
  void on_request_impl(beast_http::verb, beast_view, beast_view, int, error_code& ec) override { ec = {}; }
  void on_response_impl(int, beast_view, int, error_code& ec) override { ec = {}; }
  void on_field_impl(beast_http::field, beast_view, beast_view, error_code& ec) override {
    ec = {};
    ++fields;
  }
  void on_header_impl(error_code& ec) override { ec = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& ec) override { ec = {}; }
  std::size_t on_body_impl(beast_view bytes, error_code& ec) override {
    ec = {};
    body += bytes.size();
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast_view, error_code& ec) override { ec = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, beast_view bytes, error_code& ec) override { return on_body_impl(bytes, ec); }
  void on_finish_impl(error_code& ec) override { ec = {}; }
};

void both(benchmark::State& state) {
  const http::Limits limits;
  for (auto _ : state) {
    http::RequestParser parser(limits);
    std::size_t used = 0;
    if (parser.feed(kPublish, used) != http::RequestParser::Verdict::complete) std::abort();
    benchmark::DoNotOptimize(parser.take());
  }
}
BENCHMARK(both)->Name("the gateway: strict, and Beast");

void by_beast(benchmark::State& state) {
  for (auto _ : state) {
    CountingBeast parser;
    parser.eager(true);
    error_code ec;
    parser.put(boost::asio::const_buffer(kPublish.data(), kPublish.size()), ec);
    if (ec || !parser.is_done() || parser.fields != 8 || parser.body != 100) std::abort();
  }
}
BENCHMARK(by_beast)->Name("Beast alone");

void by_http_parser(benchmark::State& state) {
  struct Seen {
    std::size_t fields = 0, body = 0;
    bool done = false;
  };
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_header_value = [](http_parser* parser, const char*, std::size_t) {
    ++static_cast<Seen*>(parser->data)->fields;
    return 0;
  };
  settings.on_body = [](http_parser* parser, const char*, std::size_t length) {
    static_cast<Seen*>(parser->data)->body += length;
    return 0;
  };
  settings.on_message_complete = [](http_parser* parser) {
    static_cast<Seen*>(parser->data)->done = true;
    return 0;
  };
  for (auto _ : state) {
    Seen seen;
    http_parser parser;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &seen;
    const std::size_t parsed = http_parser_execute(&parser, &settings, kPublish.data(), kPublish.size());
    if (parsed != kPublish.size() || !seen.done || seen.fields != 8 || seen.body != 100) std::abort();
  }
}
BENCHMARK(by_http_parser)->Name("http-parser alone");

}  // namespace
}  // namespace tidemark::bench

BENCHMARK_MAIN();
