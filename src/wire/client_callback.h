// A completion: called at most once, moved but never copied.
//
// std::function wants its target copyable, so that a completion could not own
// what it completes; and it allocates for more than two captured words, once a
// request. This one keeps kInlineBytes of captures in place (C++23's
// std::move_only_function without its allocations for ours).
//
// Threading: a plain value.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace tidemark::wire {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  static constexpr std::size_t kInlineBytes = 64;

  UniqueFunction() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> && std::is_invocable_r_v<R, F&, Args...>)
  UniqueFunction(F&& target) {  // NOLINT: implicit by design, as std::function is
    using Target = std::remove_cvref_t<F>;
    if constexpr (fits_inline<Target>()) {
      ::new (static_cast<void*>(storage_)) Target(std::forward<F>(target));
      operations_ = &kInline<Target>;
    } else {
      ::new (static_cast<void*>(storage_)) Target*(new Target(std::forward<F>(target)));
      operations_ = &kHeap<Target>;
    }
  }
  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { clear(); }

  explicit operator bool() const { return operations_ != nullptr; }
  // Precondition: holds a target.
  R operator()(Args... args) { return operations_->invoke(storage_, std::forward<Args>(args)...); }

 private:
  struct Operations {
    R (*invoke)(void*, Args&&...);
    void (*move)(void* to, void* from) noexcept;  // leaves nothing to destroy at `from`
    void (*destroy)(void*) noexcept;
  };

  template <class Target>
  static constexpr bool fits_inline() {
    return sizeof(Target) <= kInlineBytes && alignof(Target) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<Target>;
  }

  template <class Target>
  static constexpr Operations kInline = {
      [](void* at, Args&&... args) -> R { return (*static_cast<Target*>(at))(std::forward<Args>(args)...); },
      [](void* to, void* from) noexcept {
        ::new (to) Target(std::move(*static_cast<Target*>(from)));
        static_cast<Target*>(from)->~Target();
      },
      [](void* at) noexcept { static_cast<Target*>(at)->~Target(); },
  };
  template <class Target>
  static constexpr Operations kHeap = {
      [](void* at, Args&&... args) -> R { return (**static_cast<Target**>(at))(std::forward<Args>(args)...); },
      [](void* to, void* from) noexcept { ::new (to) Target*(*static_cast<Target**>(from)); },
      [](void* at) noexcept { delete *static_cast<Target**>(at); },
  };

  void take(UniqueFunction& other) noexcept {
    if (other.operations_ != nullptr) {
      other.operations_->move(storage_, other.storage_);
      operations_ = std::exchange(other.operations_, nullptr);
    }
  }
  void clear() noexcept {
    if (operations_ != nullptr) {
      std::exchange(operations_, nullptr)->destroy(storage_);
    }
  }

  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
  const Operations* operations_ = nullptr;
};

}  // namespace tidemark::wire
