// What the gateway counts, in Prometheus' text format.
//
// A registry of counters with locks on the hot path would count what the engine
// counts already. So each part keeps plain numbers of its own, on its own
// thread, and they are turned into metric families only when somebody asks.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/answer.h"
#include "core/engine.h"

namespace tidemark::gateway {

using Families = std::vector<prometheus::MetricFamily>;
using MetricsSource = std::function<void(Families&)>;

void add_counter(Families& families, std::string name, std::string help, double value);
void add_gauge(Families& families, std::string name, std::string help, double value);
// One family with a sample for each value of `label`.
void add_counters(Families& families, std::string name, std::string help, std::string label,
                  const std::vector<std::pair<std::string, double>>& values);

// How long answers took, from the last byte of the request.
class Latencies {
 public:
  static constexpr std::array<double, 16> kBounds{0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05,
                                                  0.1,    0.2,   0.5,   1,     2,     5,    10,   60};
  void record(const core::Answer& answer);
  void collect(Families& families) const;

 private:
  struct Histogram {
    std::array<std::uint64_t, kBounds.size() + 1> counts{};
    double sum = 0;
    void record(double seconds);
    prometheus::MetricFamily family(std::string name, std::string help) const;
  };
  Histogram append_;  // publishes: until the log had it
  Histogram settle_;  // publishes answered as processed: until everybody had
};

std::string render_metrics(const core::EngineStats& stats, const Latencies& latencies, bool ready,
                           const std::vector<MetricsSource>& more);

}  // namespace tidemark::gateway
