// Preloaded into a gateway: moves its wall clock by what a file says, at any moment.
//
// libfaketime would do, and would shift the steady clock too, or not at all; here only what
// time it is jumps, as on a machine whose time was set. TIDEMARK_CLOCK_SHIFT names the file:
// 8 bytes, nanoseconds, native order.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

const volatile std::int64_t* open_shift() {
  const char* path = std::getenv("TIDEMARK_CLOCK_SHIFT");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* shared = mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return shared == MAP_FAILED ? nullptr : static_cast<const volatile std::int64_t*>(shared);
}

std::int64_t shift() {
  static const volatile std::int64_t* const shared = open_shift();
  return shared == nullptr ? 0 : *shared;
}

std::int64_t shifted_now() {
  timespec now{};
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  return now.tv_sec * kSecond + now.tv_nsec + shift();
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
    return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  const std::int64_t now = shifted_now();
  *time = {now / kSecond, now % kSecond};
  return 0;
}

extern "C" int gettimeofday(timeval* __restrict time, void* __restrict) noexcept {
  const std::int64_t now = shifted_now();
  *time = {now / kSecond, now % kSecond / 1'000};
  return 0;
}

extern "C" time_t time(time_t* result) noexcept {
  const time_t now = shifted_now() / kSecond;
  if (result != nullptr) *result = now;
  return now;
}
