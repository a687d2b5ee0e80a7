// A queue that stops allocating once it has been as long as it gets.
//
// std::deque allocates and frees a block every few elements that pass through,
// which for requests in flight is for ever.
//
// Threading: a plain value.
#pragma once

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace tidemark::wire {

// T: default-constructible and movable; a popped slot holds a moved-from T.
template <class T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // References to elements do not survive.
  void push_back(T value) {
    if (size_ == slots_.size()) grow();
    slots_[(head_ + size_) & (slots_.size() - 1)] = std::move(value);
    ++size_;
  }
  // Precondition of both: not empty.
  T& front() {
    assert(size_ > 0);
    return slots_[head_];
  }
  T pop_front() {
    assert(size_ > 0);
    T value = std::move(slots_[head_]);
    head_ = (head_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }
  // Counted from the front. Precondition: index < size().
  T& operator[](std::size_t index) {
    assert(index < size_);
    return slots_[(head_ + index) & (slots_.size() - 1)];
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? 8 : slots_.size() * 2);  // a power of two
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> slots_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tidemark::wire
