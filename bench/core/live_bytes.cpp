#include "core/live_bytes.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

std::int64_t bytes = 0, blocks = 0;  // these programs have one thread

std::int64_t size_of(void* block) { return static_cast<std::int64_t>(malloc_usable_size(block) + sizeof(std::size_t)); }

}  // namespace

std::int64_t tidemark::bench::live_bytes() { return bytes; }
std::int64_t tidemark::bench::live_blocks() { return blocks; }

void* operator new(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  bytes += size_of(block);
  ++blocks;
  return block;
}

void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  bytes -= size_of(block);
  --blocks;
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
