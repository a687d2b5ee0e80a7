// Who is in a KIP-848 group at each place of the commit log.
//
// Of such a group no record tells all members: each has its own, written when it comes
// and deleted when it goes, and asking the coordinator tells of a moment that has no
// place among the commits. But a position that somebody moved by hand right after the
// last member left is told from progress by that order alone. So the set is begun with
// an answer, and kept by the records: putting in whom it has, or taking out whom it has
// not, changes nothing, so records that the answer already contains do no harm, and once
// the tail has passed the moment of the answer the set is exact.
//
// Records that were read between the question and its answer are put on top of it; where
// they were too many to keep, the answer is not taken, and they make somebody ask again.
// Where the tail is in sync and the set unknown, an answer is taken at once, for what the
// tail has yet to pass is a moment's.
//
// Threading: none.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/position.h"

namespace tidemark::core {

class MemberIds {
 public:
  // A group with more, or with a longer id, is not followed, and is unknown.
  static constexpr std::size_t kMost = 2000;
  static constexpr std::size_t kLongest = 256;
  static constexpr std::size_t kKept = 64;  // records that an answer may be older than

  bool known() const { return ids_.has_value(); }
  // Nobody is in it; only where known.
  bool empty() const { return ids_->empty(); }
  // The latest record that changed it; unknown where none was read, or it has begun anew since.
  LogPoint shown_at() const { return begun_ ? LogPoint{} : at_; }

  // An answer named all members. `as_of`: where the tail stood when it was asked for.
  void answered(std::span<const std::string> ids, const TailPositions& as_of, bool in_sync);
  // The tail has passed what was answered so far.
  void caught_up();

  // A record that changes it stands there. False: it was read before.
  bool reads(LogPoint at);
  void comes(std::string_view member);
  void goes(std::string_view member);
  // From here on nobody is in it but those whom records show.
  void begins();
  void forget();

 private:
  using Ids = std::optional<std::vector<std::string>>;  // sorted
  struct Change {
    Offset at = kNoOffset;
    bool comes = false;
    std::string member;
  };
  void keep(std::string_view member, bool comes);
  static void put(Ids& ids, std::string_view member);
  static void take(Ids& ids, std::string_view member);

  Ids ids_;
  Ids answered_;  // by an answer that the tail has not passed yet, and the records since
  std::vector<Change> changes_;  // the latest, while it is not known
  Offset kept_from_ = 0;         // all of it from there on
  LogPoint at_;                  // the latest record
  bool begun_ = false;
};

}  // namespace tidemark::core
