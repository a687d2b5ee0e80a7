// What a run has seen, in full, so that it can be judged when all is known.
//
// A check at the time of an answer cannot know what the log will show; a check at the
// end cannot know what was true at the answer. So consumers append what they have done
// to one list in Redis, before they commit, and each answer notes how long that list
// was: what stands below is what was done by then.
//
// Values only; times are milliseconds since the run's start, by the clock of recorder.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tidemark::test {

// An entry of the list in Redis; its index is its place in time.
struct Deed {
  bool output = false;   // a record written, else one processed
  std::string consumer;  // the group
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string id;  // of the event
};

// A record that a reader from the beginning found.
struct LogRecord {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string id;
  std::string value;
};

// What a gateway said to a publish, or to a question about a mark.
struct Said {
  int status = 0;        // 0: the connection ended, or the bound was reached, without an answer
  std::string appended;  // "true", "false" or "unknown"
  std::string id, mark;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  bool settled = false;
  std::map<std::string, std::string> outcomes;  // by consumer
  std::size_t deeds = 0;                        // how many there were when it came
  std::string body;                             // for people
};

struct Call {
  int gateway = 0;
  std::int64_t sent = 0, ended = 0;
  std::int64_t wait = 0;
  bool sent_off = true;      // false: nobody listened, so nothing was asked
  std::size_t unasked = 0;   // bytes that came after the answer
  Said said;
};

// One event: its publish, and what was asked about its mark afterwards, in order.
struct Event {
  std::string value;  // no other event has it
  Call publish;
  std::vector<Call> questions;
};

inline constexpr int kAllGateways = -1;

// What was done to the run, from the moment before to the moment when it was over.
struct Interval {
  enum class What {
    kGatewayAway,    // killed or stopped, until it was ready again
    kGatewayPaused,  // SIGSTOP
    kMoved,          // a consumer's position was set, or its group deleted
    kKafkaAway,      // not served by every broker, until publishes were processed again
  };
  What what = What::kMoved;
  int gateway = 0;  // kAllGateways: whichever
  std::string consumer;
  std::int64_t begin = 0, end = 0;
};

struct History {
  std::string topic, derived;           // published to, and written by `writer` because of it
  std::string writer;
  std::vector<std::string> consumers;   // who must be named in an answer
  std::map<std::string, std::string> reads;  // consumer → topic
  std::vector<Event> events;
  std::vector<Deed> deeds;
  std::vector<LogRecord> log;
  std::vector<Interval> intervals;
};

}  // namespace tidemark::test
