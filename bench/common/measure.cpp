#include "common/measure.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace tidemark::bench {

std::int64_t now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

double at_quantile(std::vector<std::int64_t>& microseconds, double q) {
  if (microseconds.empty()) return 0;
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = static_cast<std::size_t>(q * static_cast<double>(microseconds.size() - 1));
  return static_cast<double>(microseconds[at]) / 1000;
}

void Replies::committed(const std::vector<std::size_t>& events, std::int64_t at) {
  for (const std::size_t event : events) {
    if (event >= replies_.size()) continue;
    Reply& reply = replies_[event];
    for (std::int64_t before = reply.latest; before < at && !reply.latest.compare_exchange_weak(before, at);) {
    }
    ++reply.consumers;
  }
}

std::int64_t Replies::at(std::size_t event) const {
  return replies_[event].consumers >= consumers_ ? replies_[event].latest.load() : 0;
}

std::int64_t cpu_ns(pid_t process) {
  std::int64_t sum = 0;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", gone)) {
    std::int64_t ran = 0;
    std::ifstream(task.path() / "schedstat") >> ran;
    sum += ran;
  }
  return sum;
}

std::int64_t private_bytes(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/smaps_rollup");
  std::int64_t sum = 0;
  for (std::string word; file >> word;) {
    std::int64_t kib = 0;
    if ((word == "Private_Clean:" || word == "Private_Dirty:") && file >> kib) sum += kib * 1024;
  }
  return sum;
}

Address address_of(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) throw std::invalid_argument("not HOST:PORT: " + text);
  return {text.substr(0, colon), static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)))};
}

}  // namespace tidemark::bench
