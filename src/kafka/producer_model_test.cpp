// The producer against a model cluster, with every loss, delay, repeat, election
// and deletion that chance offers; then the truth is read from the logs:
//
//   nothing is in a log twice; what was called appended is there, at its offset;
//   what was called not_appended is not; what is unknown is not below the offset
//   that was said; everything ends, once; a partition keeps the order of appends.
//
// A failure prints its seed; TIDEMARK_SEED=N runs that one alone, TIDEMARK_SEEDS=N
// that many.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "kafka/producer_world_test.h"

namespace tidemark::kafka::test {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(ProducerModel, TheFateThatIsToldIsTheFateInTheLog) {
  Counts counts;
  const std::uint64_t only = number_from("TIDEMARK_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : number_from("TIDEMARK_SEEDS", 3'000);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("TIDEMARK_SEED=" + std::to_string(seed));
    World(seed, counts).run();
    if (HasFailure()) return;
  }
  if (only != 0) return;
  // Every kind of luck happened.
  for (const int count :
       {counts.appended, counts.not_appended, counts.unknown, counts.unknown_found, counts.withdrawn_queued,
        counts.withdrawn_sent, counts.late_writes, counts.producer_ids, counts.repeats, counts.truncations,
        counts.out_of_order, counts.deletions, counts.bad, counts.too_large, counts.too_large_split,
        counts.unknown_topic, counts.invalid_partition, counts.stops}) {
    EXPECT_GT(count, 0);
  }
  RecordProperty("appended", counts.appended);
  RecordProperty("not_appended", counts.not_appended);
  RecordProperty("unknown", counts.unknown);
  RecordProperty("unknown_found", counts.unknown_found);
  RecordProperty("late_writes", counts.late_writes);
}

}  // namespace
}  // namespace tidemark::kafka::test
