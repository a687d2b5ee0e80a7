#include "http/descriptors.h"

#include <sys/resource.h>

#include <limits>

namespace tidemark::http {
namespace {

std::size_t to_size(rlim_t value) {
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  return value == RLIM_INFINITY ? kMost : static_cast<std::size_t>(value);
}

}  // namespace

DescriptorLimit descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {1024, 1024};
  return {to_size(limit.rlim_cur), to_size(limit.rlim_max)};
}

DescriptorLimit raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    // A refusal leaves the old limit, which the return value shows.
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
  }
  return descriptor_limit();
}

}  // namespace tidemark::http
