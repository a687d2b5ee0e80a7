// What a broker keeps of one partition: the log, and who wrote what last.
//
// A producer's idempotence is tested only by a broker that has rules of its own.
// These are Kafka's, not the producer's: a repeat is a batch with the epoch and
// the first and last sequence of one of the last five of its producer id; any
// other batch must follow the last sequence, or begin at 0 under a newer epoch;
// a producer id that is not known may begin anywhere.
//
// Sources: K: ProducerStateManager, ProducerAppendInfo.checkSequence,
// ProducerStateEntry.findDuplicateBatch (4.4.0; the rules of brokers before 2.4
// and of DUPLICATE_SEQUENCE_NUMBER, with `old`, 1.0).
//
// Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/events.h"
#include "wire/error_codes.h"

namespace tidemark::sim::producer {

struct ModelBatch {
  std::int64_t producer_id = -1;
  std::int16_t epoch = -1;
  std::int32_t first_sequence = -1;
  std::vector<std::string> values;
};

class PartitionLog {
 public:
  struct Verdict {
    wire::ErrorCode error = wire::ErrorCode::none;
    core::Offset base = core::kNoOffset;
    core::Offset end = 0;  // of the batch; what must be replicated for an answer
    bool repeat = false;
  };

  // `old`: a broker that does not take a producer id it does not know in the
  // middle of its count.
  Verdict append(const ModelBatch& batch, bool old);
  // Somebody else's record, or a marker.
  void append_other();

  // Takes the batches at and above `to` away (a batch goes whole); returns the
  // values lost. What the producers are known to have sent goes back with them.
  std::vector<std::string> truncate(core::Offset to);
  // A restart: of each producer only the last batch is in the snapshot. True when
  // more was known before.
  bool load_snapshot();
  // True when any was known.
  bool forget_producers();

  core::Offset end() const { return static_cast<core::Offset>(values_.size()); }
  // By offset, from the very first; empty for other producers' records.
  const std::vector<std::string>& values() const { return values_; }
  // The ends of batches: where a log may be cut.
  std::vector<core::Offset> ends_from(core::Offset committed) const;

 private:
  struct Written {
    std::int64_t producer_id;
    std::int16_t epoch;
    std::int32_t first;
    std::int32_t last;
    core::Offset base;
    core::Offset end;
  };
  struct Known {
    std::int16_t epoch = -1;
    std::deque<Written> batches;  // at most five, the newest last
  };
  void remember(const Written& written);

  std::vector<std::string> values_;
  std::vector<Written> written_;  // others' too, with producer id −1
  std::map<std::int64_t, Known> known_;
};

}  // namespace tidemark::sim::producer
