#include "wire/client_receive_buffer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace tidemark::wire {
namespace {

constexpr std::size_t kSizeBytes = 4;
constexpr std::size_t kMinFrame = 4;              // a correlation id
constexpr std::size_t kMinFree = 4 << 10;         // a read should be worth its system call
constexpr std::size_t kInitial = 64 << 10;
constexpr std::size_t kKept = std::size_t{4} << 20;  // an idle connection holds no more

}  // namespace

std::span<char> ReceiveBuffer::prepare() {
  const std::size_t held = end_ - begin_;
  if (held == 0 && capacity_ > kKept) {
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
  }
  // Grows to at most twice what has arrived, whatever the frame's size says.
  const std::size_t wanted = std::max(held + kMinFree, std::min(needed_, held * 2));
  if (capacity_ < wanted) {
    move_to(std::max({kInitial, wanted, std::min(needed_, capacity_ * 2)}));
  } else if (held == 0) {
    begin_ = end_ = 0;
  } else if (begin_ > 0 && (capacity_ - end_ < kMinFree || begin_ + needed_ > capacity_)) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

void ReceiveBuffer::move_to(std::size_t capacity) {
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  const std::size_t held = end_ - begin_;
  if (held > 0) std::memcpy(larger.get(), bytes_.get() + begin_, held);
  bytes_ = std::move(larger);
  capacity_ = capacity;
  begin_ = 0;
  end_ = held;
}

Result<std::optional<std::string_view>> ReceiveBuffer::next_frame() {
  if (end_ - begin_ < kSizeBytes) {
    needed_ = 0;
    return std::optional<std::string_view>();
  }
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < kSizeBytes; ++i) {
    size = (size << 8) | static_cast<std::uint8_t>(bytes_[begin_ + i]);
  }
  if (static_cast<std::int32_t>(size) < 0) {
    return Error{ErrorKind::corrupt, "a frame of negative size " + std::to_string(static_cast<std::int32_t>(size))};
  }
  if (size < kMinFrame) return Error{ErrorKind::corrupt, "a frame of " + std::to_string(size) + " bytes"};
  if (size > max_frame_bytes_) {
    return Error{ErrorKind::limit, "a frame of " + std::to_string(size) + " bytes, above the limit of " +
                                       std::to_string(max_frame_bytes_)};
  }
  if (end_ - begin_ - kSizeBytes < size) {
    needed_ = kSizeBytes + size;
    return std::optional<std::string_view>();
  }
  const std::string_view frame(bytes_.get() + begin_ + kSizeBytes, size);
  begin_ += kSizeBytes + size;
  needed_ = 0;
  return std::optional<std::string_view>(frame);
}

}  // namespace tidemark::wire
