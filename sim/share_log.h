// The model of `__share_group_state`: how far share groups are, record by record.
//
// A share group's coordinator writes the state of each partition it hands out into
// a log of its own, apart from that of the commits. Each record here is the whole
// state, as the gateway's shell puts it together. The log is cut at its beginning
// at times: who starts to read then finds of each state the latest record only,
// and whatever lay below its start offset is not in it.
//
// Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/events.h"
#include "core/position.h"

namespace tidemark::sim {

struct ShareRecord {
  int group = 0;
  int topic = 0;
  int incarnation = -1;
  core::Partition partition = 0;
  std::int32_t state_epoch = 0;  // rises when the state is set up anew
  std::int32_t leader_epoch = 0; // of the partition's leader that wrote it
  core::Offset start = core::kNoOffset;
  std::vector<core::Range> acknowledged;
  std::vector<core::Range> archived;
  core::LogPoint at;  // filled in by the log

  using Key = std::tuple<int, int, core::Partition>;  // group, incarnation, partition
  Key key() const { return {group, incarnation, partition}; }
};

class ShareLog {
 public:
  static constexpr int kPartitions = 2;
  // Called with the partition after each append.
  std::function<void(int)> appended;

  void append(ShareRecord record);
  const std::vector<ShareRecord>& records(int partition) const { return logs_[static_cast<std::size_t>(partition)].records; }
  // The beginning of the log goes, except the latest record of each state.
  void compact(int partition) { logs_[static_cast<std::size_t>(partition)].compacted = records(partition).size(); }
  // What somebody who begins to read now does not find.
  std::set<std::size_t> missing(int partition) const;

 private:
  struct Log {
    std::vector<ShareRecord> records;
    std::size_t compacted = 0;
  };
  Log logs_[kPartitions];
};

}  // namespace tidemark::sim
