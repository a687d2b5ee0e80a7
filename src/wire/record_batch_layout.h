// Where a batch's numbers stand (magic 2), for the builder and the reader alike;
// magic 0 and 1 have the same first two and the magic in the same place.
#pragma once

#include <cstddef>

namespace tidemark::wire::layout {

inline constexpr std::size_t kBaseOffset = 0;
inline constexpr std::size_t kBatchLength = 8;  // of everything after itself
inline constexpr std::size_t kLogOverhead = 12;
inline constexpr std::size_t kPartitionLeaderEpoch = 12;
inline constexpr std::size_t kMagic = 16;
inline constexpr std::size_t kCrc = 17;
inline constexpr std::size_t kAttributes = 21;  // the checksum covers from here to the end
inline constexpr std::size_t kLastOffsetDelta = 23;
inline constexpr std::size_t kBaseTimestamp = 27;
inline constexpr std::size_t kMaxTimestamp = 35;
inline constexpr std::size_t kProducerId = 43;
inline constexpr std::size_t kProducerEpoch = 51;
inline constexpr std::size_t kBaseSequence = 53;
inline constexpr std::size_t kRecordCount = 57;
inline constexpr std::size_t kRecords = 61;

// A magic-0 message with null key and value, after its first 12 bytes.
inline constexpr std::size_t kSmallestOldMessage = 14;

}  // namespace tidemark::wire::layout
