// What a commit's metadata says of records above the committed offset.
//
// Confluent's Parallel Consumer works on many records of a partition at once, so
// its committed offset stays below the slowest of them while others are done. It
// writes those into the commit's metadata. Without them a publish waits for its
// neighbours, though its consumer has said that it is done.
//
// Metadata is free text: most clients leave it empty, and some write a host name.
// So whatever is not exactly this format says nothing.
//
// Layout (confluentinc/parallel-consumer, offsets/OffsetMapCodecManager and its
// encoders): Base64 of a magic byte and a map that begins at the committed offset.
//   'l', 'o'       bit set: number of records as int16 ('l') or int32 ('o'), then
//                  their bits, lowest bit of the first byte first; set is done.
//   'n', 'e'       run lengths as int16 or int32, not done and done in turn, not
//                  done first.
//   'a', 's', 'J', 'p'   'l', 'o', 'n', 'e', the map packed by zstd; written when
//                  that is smaller.
// Big-endian. These are all that its releases up to 0.5.3.3 write.
//
// Pure; every input is hostile. Threading: none.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/position.h"

namespace tidemark::kafka {

inline constexpr std::size_t kMostDoneBytes = 64 * 1024;
inline constexpr std::size_t kMostDoneRanges = 4096;

// Ranges above `committed` that are done: sorted, not adjoining, at most
// kMostDoneRanges (the lowest ones).
std::vector<core::Range> read_done_above(std::string_view metadata, core::Offset committed);

}  // namespace tidemark::kafka
