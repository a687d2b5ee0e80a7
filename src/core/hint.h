// One sentence about what would mend an outcome.
//
// A timeout with a name is half an answer; the other half is which setting of
// which client to change. Text only: no decision rests on it.
#pragma once

#include <string>

#include "core/answer.h"
#include "core/consumers.h"

namespace tidemark::core {

// Why the event is no longer there.
enum class Gone {
  no,
  recreated,  // the topic was deleted and made again since the wait began
  cut_off,    // by a leader that was elected out of sync
};

// What is shown of a consumer.
struct Shown {
  Outcome outcome = Outcome::processed;
  PendingReason reason = PendingReason::none;
  Evidence::Source source = Evidence::Source::none;
  PositionsBy positions = PositionsBy::tail;
};

// Empty when there is nothing to mend.
std::string hint_for(const Consumer& consumer, const Shown& shown, Gone gone, Duration absent_grace);

// The change that makes such a client's commits mean that the work is done.
std::string cure_for(EarlyClient client);

// "5 s", "500 ms"
std::string text_of(Duration duration);

}  // namespace tidemark::core
