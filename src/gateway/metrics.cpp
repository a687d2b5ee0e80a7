#include "gateway/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>

namespace tidemark::gateway {
namespace {

prometheus::MetricFamily family_of(std::string name, std::string help, prometheus::MetricType type) {
  prometheus::MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  return family;
}

double seconds_of(core::Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void add_counters(Families& families, std::string name, std::string help, std::string label,
                  const std::vector<std::pair<std::string, double>>& values) {
  auto family = family_of(std::move(name), std::move(help), prometheus::MetricType::Counter);
  for (const auto& [labelled, value] : values) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    if (!label.empty()) metric.label.push_back({label, labelled});
    metric.counter.value = value;
  }
  families.push_back(std::move(family));
}

void add_counter(Families& families, std::string name, std::string help, double value) {
  add_counters(families, std::move(name), std::move(help), "", {{"", value}});
}

void add_gauge(Families& families, std::string name, std::string help, double value) {
  auto family = family_of(std::move(name), std::move(help), prometheus::MetricType::Gauge);
  family.metric.emplace_back().gauge.value = value;
  families.push_back(std::move(family));
}

void Latencies::Histogram::record(double seconds) {
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  ++counts[static_cast<std::size_t>(bound - kBounds.begin())];
  sum += seconds;
}

prometheus::MetricFamily Latencies::Histogram::family(std::string name, std::string help) const {
  auto family = family_of(std::move(name), std::move(help), prometheus::MetricType::Histogram);
  auto& histogram = family.metric.emplace_back().histogram;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    cumulative += counts[i];
    prometheus::ClientMetric::Bucket bucket;
    bucket.cumulative_count = cumulative;
    bucket.upper_bound = kBounds[i];
    histogram.bucket.push_back(bucket);
  }
  histogram.sample_count = cumulative + counts.back();
  histogram.sample_sum = sum;
  return family;
}

void Latencies::record(const core::Answer& answer) {
  if (!answer.is_publish || answer.fate != core::Delivery::Fate::appended) return;
  append_.record(seconds_of(answer.append_elapsed));
  if (answer.all_processed() && !answer.consumers.empty()) settle_.record(seconds_of(answer.elapsed));
}

void Latencies::collect(Families& families) const {
  families.push_back(append_.family("tidemark_append_seconds", "From the request's last byte to Kafka's acknowledgment."));
  families.push_back(
      settle_.family("tidemark_settle_seconds", "From the request's last byte until every consumer had processed it."));
}

std::string render_metrics(const core::EngineStats& stats, const Latencies& latencies, bool ready,
                           const std::vector<MetricsSource>& more) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  Families families;
  add_gauge(families, "tidemark_ready", "1 when requests are taken.", ready ? 1 : 0);
  add_gauge(families, "tidemark_open_waits", "Requests held now.", number(stats.open_waits));
  add_gauge(families, "tidemark_open_obligations", "Consumers at positions still waited for.", number(stats.open_obligations));
  add_gauge(families, "tidemark_consumers", "Consumer groups known.", number(stats.consumers));
  add_gauge(families, "tidemark_frontiers", "Group and partition pairs known.", number(stats.frontiers));
  add_counters(families, "tidemark_answers_total", "Answers by what they said.", "outcome",
               {{"processed", number(stats.answers_processed)},
                {"pending", number(stats.answers_pending)},
                {"failed", number(stats.answers_failed)},
                {"not_appended", number(stats.answers_not_appended)},
                {"unknown", number(stats.answers_unknown)}});
  add_counter(families, "tidemark_refusals_total", "Requests refused before anything was appended.", number(stats.refusals));
  add_counter(families, "tidemark_cancelled_total", "Waits whose client went away.", number(stats.cancelled));
  add_counters(families, "tidemark_commits_total", "Commits read from Kafka, by what they were worth.", "kind",
               {{"read", number(stats.commits)},
                {"stale", number(stats.commits_stale)},
                {"held", number(stats.commits_held)},
                {"beyond_end", number(stats.commits_beyond_end)},
                {"ignored", number(stats.commits_ignored)}});
  add_counters(families, "tidemark_acks_total", "Explicit acks read from the topic of acks, by what became of them.",
               "result",
               {{"read", number(stats.acks)}, {"held", number(stats.acks_held)}, {"ignored", number(stats.acks_ignored)}});
  add_counter(families, "tidemark_seeds_total", "Groups whose positions were asked for.", number(stats.seeds));
  add_counter(families, "tidemark_ends_asked_total", "Questions for the end of a partition.", number(stats.ends_asked));
  add_counter(families, "tidemark_rows_asked_total",
              "Questions what a group has committed, since a log's start rose above its position.", number(stats.rows_asked));
  add_counter(families, "tidemark_fence_rounds_total", "Questions for all ends of a topic, each shared by waits.",
              number(stats.fence_rounds));
  add_counter(families, "tidemark_fences_total", "Derived topics that waits followed, each time.", number(stats.fences));
  add_counter(families, "tidemark_cycles_cut_total", "Waits that reached the bound of passes in a topic that feeds itself.",
              number(stats.cycles_cut));
  add_counters(families, "tidemark_looks_total", "Looks into a topic, by what for.", "purpose",
               {{"end", number(stats.end_looks)},
                {"dead_letters", number(stats.dead_letter_looks)},
                {"lineage", number(stats.lineage_looks)}});
  add_counter(families, "tidemark_log_cuts_total", "Partitions found cut off by an unclean leader election.",
              number(stats.log_cuts));
  add_counter(families, "tidemark_obligations_settled_total", "Outcomes reached.", number(stats.obligations_settled));
  latencies.collect(families);
  for (const MetricsSource& source : more) source(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace tidemark::gateway
