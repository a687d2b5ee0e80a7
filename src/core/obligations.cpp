#include "core/obligations.h"

#include <algorithm>
#include <utility>

namespace tidemark::core {

std::size_t Obligations::chunk_of(const Obligation& obligation) const {
  // A commit asks for the lowest.
  if (!chunks_.empty() && obligation <= chunks_.front().back()) return 0;
  const auto found = std::lower_bound(chunks_.begin(), chunks_.end(), obligation,
                                      [](const Chunk& chunk, const Obligation& o) { return chunk.back() < o; });
  return static_cast<std::size_t>(found - chunks_.begin());
}

bool Obligations::contains(const Obligation& obligation) const {
  const std::size_t i = chunk_of(obligation);
  return i < chunks_.size() && std::binary_search(chunks_[i].begin(), chunks_[i].end(), obligation);
}

void Obligations::insert(const Obligation& obligation) {
  std::size_t i = chunk_of(obligation);
  if (i == chunks_.size()) {
    // Above all: a full last chunk stays full.
    if (chunks_.empty() || chunks_.back().size() == kMost) chunks_.emplace_back();
    chunks_.back().push_back(obligation);
    ++size_;
    return;
  }
  if (chunks_[i].size() == kMost) {
    Chunk upper(chunks_[i].begin() + kMost / 2, chunks_[i].end());
    chunks_[i].resize(kMost / 2);
    const bool above = chunks_[i].back() < obligation;
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(upper));
    i += above ? 1 : 0;
  }
  Chunk& chunk = chunks_[i];
  const auto at = std::lower_bound(chunk.begin(), chunk.end(), obligation);
  if (at != chunk.end() && *at == obligation) return;
  chunk.insert(at, obligation);
  ++size_;
}

void Obligations::erase(const Obligation& obligation) {
  const std::size_t i = chunk_of(obligation);
  if (i == chunks_.size()) return;
  Chunk& chunk = chunks_[i];
  const auto at = std::lower_bound(chunk.begin(), chunk.end(), obligation);
  if (at == chunk.end() || *at != obligation) return;
  chunk.erase(at);
  --size_;
  if (chunk.empty()) {
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(i));
    if (chunks_.empty()) chunks_.shrink_to_fit();
  } else if (chunk.size() < kThin) {
    join_if_thin(i);
  }
}

// The lowest may stay thin: commits will take it away.
void Obligations::join_if_thin(std::size_t i) {
  if (i == 0) return;
  Chunk& before = chunks_[i - 1];
  if (before.size() + chunks_[i].size() > kMost / 2) return;
  before.insert(before.end(), chunks_[i].begin(), chunks_[i].end());
  chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(i));
}

}  // namespace tidemark::core
