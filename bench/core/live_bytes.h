// Bytes on the heap that are in use, malloc's own headers and rounding included.
//
// sizeof says nothing of a node's header or of a vector's spare room, and the
// process's resident memory nothing of what is free inside it. Linking this
// program's live_bytes.cpp replaces operator new and delete.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tidemark::bench {

std::int64_t live_bytes();
std::int64_t live_blocks();

}  // namespace tidemark::bench
