#include "planted.h"

#include <array>

namespace tidemark::sim::producer {
namespace {

Bug current = Bug::none;

constexpr std::array<std::string_view, static_cast<std::size_t>(Bug::count_)> kNames{
    "none",
    "doubtful_sequence_reused",
    "doubtful_sent_under_new_id",
    "disconnect_is_not_appended",
    "duplicate_is_failure",
    "new_epoch_keeps_sequence",
    "refused_goes_behind",
    "neighbours_of_bad_appended",
    "withdrawn_is_not_appended",
    "late_answer_matched",
    "offset_from_known_end",
    "offset_of_first_for_all",
    "too_large_ignores_doubt",
    "offset_in_error_ignored",
    "gone_topic_is_not_appended",
    "remade_topic_gets_batch",
    "used_counts_forgotten",
    "split_loses_rest",
    "id_retry_never_wakes",
    "full_queue_takes_more",
    "withdrawn_is_delivered",
    "open_requests_unbounded",
};
static_assert(!kNames.back().empty());

}  // namespace

void plant(Bug bug) { current = bug; }

std::optional<Bug> bug_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Bug>(i);
  }
  return std::nullopt;
}

std::string_view name_of(Bug bug) { return kNames[static_cast<std::size_t>(bug)]; }

}  // namespace tidemark::sim::producer

namespace tidemark::kafka::produce {

Bug planted_bug() { return sim::producer::current; }

}  // namespace tidemark::kafka::produce
