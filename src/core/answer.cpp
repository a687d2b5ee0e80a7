#include "core/answer.h"

namespace tidemark::core {

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::processed: return "processed";
    case Outcome::pending: return "pending";
    case Outcome::skipped: return "skipped";
    case Outcome::absent: return "absent";
    case Outcome::unanchored: return "unanchored";
    case Outcome::handed_over: return "handed_over";
    case Outcome::failed: return "failed";
  }
  return "unknown";
}

std::string_view name_of(PendingReason reason) {
  switch (reason) {
    case PendingReason::none: return "none";
    case PendingReason::lag: return "lag";
    case PendingReason::not_started: return "not_started";
    case PendingReason::asking_end: return "asking_end";
    case PendingReason::beyond_end: return "beyond_end";
    case PendingReason::append: return "append";
    case PendingReason::ack: return "ack";
    case PendingReason::upstream: return "upstream";
    case PendingReason::dead_letters: return "dead_letters";
  }
  return "unknown";
}

std::string_view name_of(ExpectedBy source) {
  switch (source) {
    case ExpectedBy::configured: return "configured";
    case ExpectedBy::observed: return "observed";
    case ExpectedBy::declared: return "declared";
  }
  return "unknown";
}

std::string_view name_of(Evidence::Source source) {
  switch (source) {
    case Evidence::Source::none: return "none";
    case Evidence::Source::commit: return "commit";
    case Evidence::Source::seed: return "seed";
    case Evidence::Source::poll: return "poll";
    case Evidence::Source::ack: return "ack";
    case Evidence::Source::share: return "share";
  }
  return "unknown";
}

std::string_view name_of(Deferred::Why why) {
  switch (why) {
    case Deferred::Why::later: return "later";
    case Deferred::Why::cycle: return "cycle";
    case Deferred::Why::unknown_topic: return "unknown_topic";
  }
  return "unknown";
}

}  // namespace tidemark::core
