// Visitors: views pages over real HTTP and reads whether each shows its own view.
//
// Runs each mode in turn, the same number of views over the same number of
// connections, and waits in between until the consumer has caught up, so that
// one mode's backlog is not charged to the next. Exits 0 when the asynchronous
// pages were stale and Tidemark's were not, which is what the demo shows.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "demo/http_client.h"
#include "demo/latencies.h"
#include "demo/page.h"

namespace demo {
namespace {

using tidemark::Result;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPageBound{20};
constexpr std::chrono::seconds kCatchUpBound{120};
constexpr int kPaths = 20;

struct Options {
  std::string site = "127.0.0.1:8080";
  int views = 500;
  int connections = 4;
};

struct Mode {
  const char* name;
  const char* title;
};
constexpr Mode kAsync{"async", "asynchronous (wait=0)"};
constexpr Mode kTidemark{"tidemark", "through Tidemark"};

struct Outcome {
  int pages = 0;
  int stale = 0;
  int failed = 0;
  std::vector<double> latencies_ms;
  std::string first_failure;
};

// One visitor after another on one connection, each a user of its own.
void visit(const Address& site, const Mode& mode, const Options& options, std::atomic<int>& next, std::mutex& mutex,
           Outcome& outcome) {
  HttpClient client(site.host, site.port, kPageBound);
  for (int number; (number = next++) < options.views;) {
    const std::string target = "/view/article/" + std::to_string(number % kPaths) + "?user=" + mode.name + "-" +
                               std::to_string(number) + "&mode=" + mode.name;
    const auto begin = Clock::now();
    const auto page = client.get(target);
    const double took_ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    const std::lock_guard lock(mutex);
    if (!page || page->status != 200) {
      if (outcome.failed++ == 0) outcome.first_failure = page ? page->body : page.error().message;
      continue;
    }
    outcome.pages += 1;
    outcome.latencies_ms.push_back(took_ms);
    if (page->body.find(kOwnViewShown) == std::string::npos) outcome.stale += 1;
    if ((outcome.pages + outcome.failed) % std::max(options.views / 5, 1) == 0) {
      std::printf("  %d of %d pages, %d without their own view\n", outcome.pages, options.views, outcome.stale);
      std::fflush(stdout);
    }
  }
}

Outcome run_mode(const Address& site, const Mode& mode, const Options& options) {
  std::printf("%d page views %s, %d at a time\n", options.views, mode.title, options.connections);
  Outcome outcome;
  std::mutex mutex;
  std::atomic<int> next{0};
  std::vector<std::thread> visitors;
  for (int i = 0; i < options.connections; ++i) {
    visitors.emplace_back([&] { visit(site, mode, options, next, mutex, outcome); });
  }
  for (std::thread& visitor : visitors) visitor.join();
  return outcome;
}

// The views counted so far, as the front page shows them; -1 when it does not.
long long counted(HttpClient& client) {
  const auto page = client.get("/");
  return page && page->status == 200 ? total_on(page->body) : -1;
}

bool caught_up(HttpClient& client, long long total) {
  const auto begin = Clock::now();
  while (counted(client) < total) {
    if (Clock::now() - begin > kCatchUpBound) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::printf("  the consumer caught up %.1f s later\n", std::chrono::duration<double>(Clock::now() - begin).count());
  return true;
}

void print_row(const Mode& mode, const Outcome& outcome) {
  std::printf("  %-24s %6d %26d %10.1f %10.1f\n", mode.title, outcome.pages, outcome.stale,
              quantile(outcome.latencies_ms, 0.50), quantile(outcome.latencies_ms, 0.99));
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Views pages and checks that each shows its own view", "demo_load");
  app.add_option("--site", options.site, "the site's address")->capture_default_str();
  app.add_option("--views", options.views, "page views of each mode")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--connections", options.connections, "views at a time")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto site = parse_address(options.site);
  if (!site) {
    std::fprintf(stderr, "%s\n", site.error().message.c_str());
    return 64;
  }
  HttpClient front(site->host, site->port, kPageBound);
  const long long before = counted(front);
  if (before < 0) {
    std::fprintf(stderr, "the site at %s shows no front page\n", options.site.c_str());
    return 1;
  }

  const Outcome async = run_mode(*site, kAsync, options);
  if (!caught_up(front, before + async.pages)) {
    std::fprintf(stderr, "the consumer did not catch up within %lld s\n",
                 static_cast<long long>(kCatchUpBound.count()));
    return 1;
  }
  const Outcome tidemark = run_mode(*site, kTidemark, options);

  std::printf("\n  %-24s %6s %26s %10s %10s\n", "", "pages", "without their own view", "p50 ms", "p99 ms");
  print_row(kAsync, async);
  print_row(kTidemark, tidemark);
  for (const Outcome* outcome : {&async, &tidemark}) {
    if (outcome->failed > 0) {
      std::printf("\n%d pages failed, the first with:\n%s\n", outcome->failed, outcome->first_failure.c_str());
    }
  }
  const bool shown = async.failed == 0 && tidemark.failed == 0 && async.stale > 0 && tidemark.stale == 0;
  return shown ? 0 : 1;
}

}  // namespace
}  // namespace demo

int main(int argc, char** argv) { return demo::run(argc, argv); }
