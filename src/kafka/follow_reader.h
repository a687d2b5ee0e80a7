// One partition of a followed topic: which bytes of a fetch are records to tell.
//
// Anybody may write to such a topic, and one strange batch must not end the
// reading of all that come after it. So whatever cannot be read is skipped and
// counted: old formats, damaged packing, records that are malformed or larger
// than anything that belongs here, and a corrupt batch once reading it again did
// not help. Records of aborted transactions are left out as a read_committed
// consumer does it, by the list that comes with the fetch (K: CompletedFetch).
//
// Pure. Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "core/position.h"
#include "wire/generated/fetch.h"
#include "wire/record_batch_reader.h"

namespace tidemark::kafka {

struct FollowReadLimits {
  std::size_t record_bytes = std::size_t{1} << 20;  // key, value and headers; a larger one is skipped
  int corrupt_reads = 5;                            // of one position in a row, then it is skipped
};

struct FollowReadCounters {
  std::uint64_t records = 0;          // told
  std::uint64_t aborted_batches = 0;  // left out, as they should be
  std::uint64_t skipped_records = 0;  // too large
  std::uint64_t skipped_batches = 0;  // of an old format, corrupt or with a malformed record
};

class FollowReader {
 public:
  using Aborted = std::vector<wire::msg::FetchResponse::AbortedTransaction>;
  using Tell = std::function<void(const wire::Record&)>;

  explicit FollowReader(FollowReadLimits limits = {}) : limits_(limits) {}

  void begin(core::Offset position);
  // The offset to read next.
  core::Offset position() const { return position_; }

  // The bytes of a fetch (read committed) from position(). False: they are
  // corrupt; fetch again after a pause.
  bool read(std::string_view records, Aborted aborted, const Tell& tell);

  const FollowReadCounters& counters() const { return counters_; }

 private:
  void read_batch(wire::RecordBatch batch, const Tell& tell);
  bool on_corrupt(std::string_view rest);

  FollowReadLimits limits_;
  core::Offset position_ = 0;
  int corrupt_reads_ = 0;
  FollowReadCounters counters_;
};

}  // namespace tidemark::kafka
