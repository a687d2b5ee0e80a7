#include "gateway/metrics.h"

#include <gtest/gtest.h>

namespace tidemark::gateway {
namespace {

core::Answer processed_after(core::Duration append, core::Duration settle) {
  core::Answer answer;
  answer.is_publish = true;
  answer.settled = true;
  answer.append_elapsed = append;
  answer.elapsed = settle;
  answer.consumers.emplace_back().outcome = core::Outcome::processed;
  return answer;
}

TEST(Metrics, RenderPrometheusText) {
  core::EngineStats stats;
  stats.answers_processed = 3;
  stats.open_waits = 2;
  stats.fence_rounds = 4;
  stats.fences = 9;
  stats.cycles_cut = 1;
  stats.dead_letter_looks = 6;
  Latencies latencies;
  latencies.record(processed_after(std::chrono::milliseconds(1), std::chrono::milliseconds(4)));
  latencies.record(processed_after(std::chrono::milliseconds(1), std::chrono::minutes(2)));
  const std::string text = render_metrics(stats, latencies, true, {[](Families& families) {
    add_counter(families, "tidemark_extra_total", "More.", 5);
  }});
  EXPECT_NE(text.find("tidemark_ready 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("tidemark_open_waits 2\n"), std::string::npos);
  EXPECT_NE(text.find("tidemark_fence_rounds_total 4\n"), std::string::npos);
  EXPECT_NE(text.find("tidemark_fences_total 9\n"), std::string::npos);
  EXPECT_NE(text.find("tidemark_cycles_cut_total 1\n"), std::string::npos);
  EXPECT_NE(text.find("tidemark_looks_total{purpose=\"dead_letters\"} 6\n"), std::string::npos);
  EXPECT_NE(text.find("tidemark_answers_total{outcome=\"processed\"} 3\n"), std::string::npos);
  EXPECT_NE(text.find("tidemark_settle_seconds_bucket{le=\"0.005\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("tidemark_settle_seconds_bucket{le=\"+Inf\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("tidemark_append_seconds_count 2\n"), std::string::npos);
  EXPECT_NE(text.find("# TYPE tidemark_extra_total counter\n"), std::string::npos);
}

TEST(Metrics, CountOnlyWhatWasAppended) {
  Latencies latencies;
  core::Answer failed;
  failed.is_publish = true;
  failed.fate = core::Delivery::Fate::unknown;
  latencies.record(failed);
  const std::string text = render_metrics({}, latencies, false, {});
  EXPECT_NE(text.find("tidemark_append_seconds_count 0\n"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::gateway
