// Every generated message in every version: bytes that decode, encoded again, decode to
// the same; a random value does, and with bytes of it changed it is refused or means
// something that does.
//
// An input is: which message, version, then 0 and bytes, or a seed of 8 bytes for a
// random value behind any other byte, and changes to its bytes, each a position and a
// byte. So a few bytes reach deep into any message.
#include <memory>
#include <string>
#include <vector>

#include "fuzz.h"
#include "wire/generated/random/all_test.h"

namespace tidemark::wire::msg {
namespace {

using fuzz::require;

struct Kind {
  std::int16_t oldest, newest;
  std::string (*random)(std::uint64_t seed, std::int16_t version);
  void (*check)(std::string_view bytes, std::int16_t version, bool must_decode);
};

template <class M>
std::string random_bytes(std::uint64_t seed, std::int16_t version) {
  Random random(seed);
  M message;
  fill_message(random, message, version);
  Writer w;
  message.encode(w, version);
  require(w.ok(), "a random value is encoded");
  return w.take();
}

template <class M>
void check_bytes(std::string_view bytes, std::int16_t version, bool must_decode) {
  Reader reader(bytes);
  M message;
  const bool decoded = message.decode(reader, version);
  require(decoded || !must_decode, "what was encoded is decoded");
  if (!decoded) return;
  Writer w;
  message.encode(w, version);
  require(w.ok(), "what was decoded is encoded");
  const std::string encoded = w.take();
  Reader second(encoded);
  M again;
  require(again.decode(second, version) && second.at_end() && again == message, "and decodes to the same");
}

struct Collect {
  std::vector<Kind>& kinds;
  template <class M>
  void operator()(const char*) const {
    kinds.push_back({M::kMinVersion, M::kMaxVersion, random_bytes<M>, check_bytes<M>});
  }
};

void check(std::string_view bytes) {
  static const std::vector<Kind> kKinds = [] {
    std::vector<Kind> kinds;
    for_each_message(Collect{kinds});
    return kinds;
  }();
  fuzz::Input input(bytes);
  const Kind& kind = kKinds[input.byte() % kKinds.size()];
  const auto version = static_cast<std::int16_t>(kind.oldest + input.byte() % (kind.newest - kind.oldest + 1));
  if (input.byte() == 0) return kind.check(input.rest(), version, false);
  std::string message = kind.random(input.number(8), version);
  const bool unchanged = input.empty();
  while (!input.empty() && !message.empty()) {
    const std::size_t at = input.number(2) % message.size();
    message[at] = static_cast<char>(message[at] ^ input.byte());
  }
  // In memory of exactly its size, so that a sanitizer sees a read past it.
  const std::unique_ptr<char[]> exact(new char[message.size()]);
  std::copy(message.begin(), message.end(), exact.get());
  kind.check({exact.get(), message.size()}, version, unchanged);
}

}  // namespace
}  // namespace tidemark::wire::msg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tidemark::wire::msg::check(tidemark::fuzz::view(data, size));
  return 0;
}
