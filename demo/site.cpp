// The web site: shows a page, and tells the log that it was viewed.
//
//   GET /                          the lists alone
//   GET /view/{path}?user=USER     publishes the view, then shows the lists
//
// The site does not know who counts views, nor where. In mode `tidemark` (the
// default) its publish returns when every consumer has processed the view, so
// the lists below it already have it; with `&mode=async` the same call returns
// once the view is in the log, as an ordinary producer's would.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "demo/http_client.h"
#include "demo/http_server.h"
#include "demo/page.h"
#include "demo/views.h"

namespace demo {
namespace {

using tidemark::Error;
using tidemark::ErrorKind;
using tidemark::Result;

constexpr std::chrono::seconds kPublishBound{15};
constexpr std::chrono::seconds kRedisBound{5};

struct Options {
  std::uint16_t port = 8080;
  std::string tidemark = "127.0.0.1:8750";
  std::string topic = "page-views";
  std::string wait = "5s";
  std::uint16_t redis_port = 6379;
};

// What one visitor's connection needs: its own way to Tidemark and to Redis.
class Visit {
 public:
  Visit(const Options& options, const Address& tidemark)
      : options_(options), tidemark_(tidemark.host, tidemark.port, kPublishBound) {}

  Page answer(const Request& request) {
    if (request.method != "GET") return {405, "text/plain", "only GET\n"};
    const std::string path = decoded_path(request.target);
    if (path == "/") return show({"", "/"});
    if (!path.starts_with("/view/")) return {404, "text/html; charset=utf-8", render_error("There is no such page.")};
    const ViewedPage view{query_parameter(request.target, "user"), path.substr(sizeof "/view" - 1)};
    if (!is_user(view.user) || !is_path(view.path)) {
      return {400, "text/html; charset=utf-8", render_error("A view needs a plain path and ?user=NAME.")};
    }
    const bool waits = query_parameter(request.target, "mode") != "async";
    if (const auto published = publish(view, waits); !published) {
      return {502, "text/html; charset=utf-8", render_error(published.error().message)};
    }
    return show(view);
  }

 private:
  Result<void> publish(const ViewedPage& view, bool waits) {
    const std::string target =
        "/topics/" + options_.topic + "?key=" + percent_encoded(view.user) + "&wait=" + (waits ? options_.wait : "0");
    const auto response = tidemark_.post(target, "text/plain", view.path);
    if (!response) return response.error();
    // 202: appended, but not known to be processed; the page is shown all the same and says what it lacks.
    if (response->status == 200 || response->status == 202) return {};
    return Error{ErrorKind::unavailable,
                 "publishing answered " + std::to_string(response->status) + ": " + response->body};
  }

  Page show(const ViewedPage& own) {
    if (!views_) {
      auto connected = Views::connect(options_.redis_port, kRedisBound);
      if (!connected) return {502, "text/html; charset=utf-8", render_error(connected.error().message)};
      views_.emplace(std::move(*connected));
    }
    const auto snapshot = views_->read(own);
    if (!snapshot) {
      views_.reset();
      return {502, "text/html; charset=utf-8", render_error(snapshot.error().message)};
    }
    return {200, "text/html; charset=utf-8", render_page(own, *snapshot)};
  }

  const Options& options_;
  HttpClient tidemark_;
  std::optional<Views> views_;
};

int run(int argc, char** argv) {
  Options options;
  CLI::App app("A web site that shows which pages are viewed", "demo_site");
  app.add_option("--port", options.port, "port to listen on, at 127.0.0.1; 0 for any")->capture_default_str();
  app.add_option("--tidemark", options.tidemark, "Tidemark's address")->capture_default_str();
  app.add_option("--topic", options.topic, "topic to publish views to")->capture_default_str();
  app.add_option("--wait", options.wait, "how long a publish may wait")->capture_default_str();
  app.add_option("--redis-port", options.redis_port, "port of Redis at 127.0.0.1")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const auto tidemark = parse_address(options.tidemark);
  auto server = HttpServer::listen(options.port);
  if (!tidemark || !server) {
    std::fprintf(stderr, "%s\n", (!tidemark ? tidemark.error() : server.error()).message.c_str());
    return 1;
  }
  std::printf("ready on 127.0.0.1:%d\n", server->port());
  std::fflush(stdout);
  server->serve([&]() -> Handler {
    auto visit = std::make_shared<Visit>(options, *tidemark);
    return [visit](const Request& request) { return visit->answer(request); };
  });
  return 0;
}

}  // namespace
}  // namespace demo

int main(int argc, char** argv) { return demo::run(argc, argv); }
