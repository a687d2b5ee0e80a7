// Cuts what a socket gives into frames: int32 size, then that many bytes.
//
// A frame's size is the peer's word. Allocating what it says gives 100 MiB to
// whoever sends four bytes; so the buffer grows only as bytes arrive, and a size
// that is negative, too small or too large is an error at once.
//
// Pure: no socket. Threading: a plain value.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace tidemark::wire {

class ReceiveBuffer {
 public:
  // Frames above `max_frame_bytes` are refused.
  explicit ReceiveBuffer(std::size_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}

  // Where the next bytes may be put: never empty, valid until the next call of
  // prepare. Frames returned before are no longer valid.
  std::span<char> prepare();
  // `count` bytes were put there.
  void commit(std::size_t count) { end_ += count; }

  // The next whole frame without its size, valid until prepare; nothing when
  // more bytes are needed. The error is `corrupt` or `limit`; the buffer is then
  // of no further use.
  Result<std::optional<std::string_view>> next_frame();

  std::size_t capacity() const { return capacity_; }
  // Forgets all bytes.
  void clear() { begin_ = end_ = needed_ = 0; }

 private:
  void move_to(std::size_t capacity);

  std::size_t max_frame_bytes_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;   // of what next_frame has not returned
  std::size_t end_ = 0;     // of what was committed
  std::size_t needed_ = 0;  // bytes from begin_ that the frame being received has, 0: not known yet
};

}  // namespace tidemark::wire
