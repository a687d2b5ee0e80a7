// Whether a part of a log holds a record: one with a certain id, those that come
// from an event, or any that a consumer can see.
//
// Asking a broker for committed records only answers neither question. It shows
// nothing at all above the oldest open transaction, so an event of ours that
// stands there seems to be missing, and whoever reads it cannot tell "no record"
// from "not yet". So everything is read, and the markers of transactions say
// which records count: those of a transaction are visible once its commit marker
// was read, which may stand beyond the range; one whose marker has not come by
// the end of the log is open, and what it holds is not visible.
//
// An event that was appended long ago may have been deleted since. Not finding
// it proves nothing then, nor when a batch on the way cannot be read (corrupt, of
// an old format): the answer is `failed`, never `none`. For visibility a batch's
// header is enough, except where one that compaction has thinned out lies across
// an end of the range.
//
// By origin all of the range is read, since the last one is asked for too. What an
// aborted transaction wrote does not count; that of an open one does, because what
// it will come to is not known. A dead letter of an open one, which would make a
// consumer fail, is waited for a while: its marker is mostly on its way. What was
// deleted is nobody's any more.
//
// Pure. Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/events.h"
#include "kafka/origin_match.h"
#include "wire/record_batch_reader.h"

namespace tidemark::kafka {

struct LookScanLimits {
  std::size_t bytes = std::size_t{64} << 20;  // read for one look
  std::size_t open = 10'000;                  // transactions whose marker is awaited
  int corrupt_reads = 5;                      // of one position in a row
  int undecided_reads = 7;                    // at the end, for a dead letter's marker
};

class LookScan {
 public:
  explicit LookScan(core::Look look, LookScanLimits limits = {});

  enum class Next {
    until,  // tell the end: set_until()
    fetch,  // read on from position()
    wait,   // the same, after a pause: there was nothing new
    done,
  };
  Next next() const { return next_; }
  core::Offset position() const { return position_; }

  void set_until(core::Offset until);
  // The broker has nothing below `log_start` any more, or nothing from position()
  // on yet.
  void log_begins_at(core::Offset log_start);
  // What a fetch (read uncommitted) from position() gave.
  void read(std::string_view records, core::Offset high_watermark);
  // The answer is `failed`.
  void fail();

  // Precondition: next() == done. The topic's id is the caller's to add.
  core::Sight sight() const;
  const core::Look& look() const { return look_; }

 private:
  // The first and the last record that may be seen, or is meant, of a batch or a
  // transaction.
  struct Place {
    core::Offset offset = core::kNoOffset;
    std::int32_t leader_epoch = -1;
    core::Offset last = core::kNoOffset;
    std::string reason{};  // by origin: the first one's, of a dead letter
  };
  bool read_batches(std::string_view records);
  void read_for_id(wire::RecordBatch batch);
  void read_for_visible(const wire::RecordBatch& batch);
  void read_for_origin(const wire::RecordBatch& batch);
  void keep(const wire::RecordBatch& batch, Place place);
  void read_marker(const wire::RecordBatch& batch);
  std::optional<Place> place_in_range(wire::RecordBatch batch);
  std::optional<Place> place_of_origin(wire::RecordBatch batch);
  void candidate(Place place);
  void decide(core::Offset high_watermark, bool moved);
  void decide_for_origin(core::Offset high_watermark, bool moved);
  void end(core::Sight::Result result);

  core::Look look_;
  LookScanLimits limits_;
  std::string wanted_;  // the id's text
  std::optional<OriginMatch> origin_;
  Next next_ = Next::fetch;
  core::Offset position_ = 0;
  core::Sight::Result result_ = core::Sight::Result::failed;
  std::optional<Place> found_;
  core::Offset last_ = core::kNoOffset;    // the last that was seen to be visible, or meant
  std::map<std::int64_t, Place> pending_;  // by producer: of a transaction not settled yet
  bool open_ = false;                      // one was not, when the answer was found
  std::size_t bytes_ = 0;
  int corrupt_reads_ = 0;
  int undecided_reads_ = 0;
  bool unreadable_ = false;  // something in the range, or it is gone
  bool deleted_ = false;     // some of the range
};

}  // namespace tidemark::kafka
