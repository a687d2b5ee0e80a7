// The view the site reads and the consumer builds: two sorted sets in Redis.
//
//   views:recent  member "USER PATH", score: when it was viewed (ms since 1970)
//   views:top     member PATH, score: how often it was viewed
//
// This is the read model that lags behind the events: nobody but the consumer
// writes it, and the site shows whatever is there when it looks.
//
// Threading: one Views, one thread. Every call is bounded by the timeout given.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

struct redisContext;

namespace demo {

struct ViewedPage {
  std::string user;
  std::string path;
};

struct Snapshot {
  std::vector<ViewedPage> recent;                         // newest first
  std::vector<std::pair<std::string, std::int64_t>> top;  // most viewed first
  std::int64_t total = 0;                                 // views of all pages in top
  bool contains_own = false;                              // the view asked about has been counted
};

class Views {
 public:
  // Error kind unavailable.
  static tidemark::Result<Views> connect(std::uint16_t port, std::chrono::milliseconds timeout);

  // Counts one view.
  tidemark::Result<void> add(const ViewedPage& view, std::int64_t viewed_ms);
  // Reads what a page shows, and whether `own` is in it.
  tidemark::Result<Snapshot> read(const ViewedPage& own);

 private:
  struct Disconnect {
    void operator()(redisContext* context) const;
  };
  explicit Views(redisContext* context) : redis_(context) {}

  std::unique_ptr<redisContext, Disconnect> redis_;
};

}  // namespace demo
