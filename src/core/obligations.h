// The obligations open on one consumer's partition, by the offset they need.
//
// Walking all waits at every commit makes an ack cost what the number of
// waiters is (Commanded's lesson). Here the obligations of one frontier are
// ordered by the last offset they need, so a commit looks at the lowest and
// touches only those that it ends (P9).
//
// A std::set does that with a node of 64 bytes for each 16. So they lie in sorted
// chunks: waits come in about the order of their offsets, which fills chunks from
// end to end; whoever comes or goes between, as a wait that is cancelled does,
// moves at most one chunk's worth. Chunks that grow thin are joined.
//
// Invariants: no chunk is empty or has more than kMost; what is in one lies below
// all that is in the next.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/position.h"

namespace tidemark::core {

struct Obligation {
  Offset last = kNoOffset;  // settled by a commit above this
  std::uint32_t wait = 0;   // slot of the wait
  std::uint32_t need = 0;   // which of the wait's needs
  friend auto operator<=>(const Obligation&, const Obligation&) = default;
};

class Obligations {
 public:
  static constexpr std::size_t kMost = 128;  // in a chunk

  bool empty() const { return chunks_.empty(); }
  std::size_t size() const { return size_; }
  const Obligation& lowest() const { return chunks_.front().front(); }
  bool contains(const Obligation& obligation) const;
  void insert(const Obligation& obligation);  // nothing where it is there already
  void erase(const Obligation& obligation);   // nothing where it is not

  // Calls f for each with first <= last record <= last, in order. f must not change the set.
  template <typename F>
  void for_each_in(Range lasts, F&& f) const {
    const Obligation from{lasts.first, 0, 0};
    for (std::size_t i = chunk_of(from); i < chunks_.size(); ++i)
      for (const Obligation& obligation : chunks_[i]) {
        if (obligation.last > lasts.last) return;
        if (obligation.last >= lasts.first) f(obligation);
      }
  }

 private:
  using Chunk = std::vector<Obligation>;
  static constexpr std::size_t kThin = kMost / 4;

  // The first chunk that reaches up to it; their number where none does.
  std::size_t chunk_of(const Obligation& obligation) const;
  void join_if_thin(std::size_t chunk);

  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace tidemark::core
