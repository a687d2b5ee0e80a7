// The hot paths, each done N times, for `bench/instructions/check` to count.
//
//   instruction_paths parse|register|commit|render N
//
// Times on a shared machine differ by more than a careless change costs; counts of
// instructions do not. What is done once, as the scene's making, falls out of the
// difference between a run with 2N and one with N.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "common/publish.h"
#include "core/scene.h"
#include "http/calls.h"
#include "http/parser.h"
#include "http/render.h"
#include "http/serialize.h"

namespace tidemark::bench {
namespace {

using core::Offset;

// What may not be optimized away.
std::size_t sink = 0;

// The bytes of a publish, to the call that the gateway gets.
void parse(long times) {
  const std::string bytes = publish_bytes();
  const http::Limits limits;
  for (long i = 0; i < times; ++i) {
    http::RequestParser parser(limits);
    std::size_t used = 0;
    if (parser.feed(bytes, used) != http::RequestParser::Verdict::complete) std::abort();
    const auto call = http::to_publish(parser.take(), "orders", {});
    if (!std::holds_alternative<http::Publish>(call)) std::abort();
    sink += std::get<http::Publish>(call).call.value.size();
  }
}

// A publish is admitted and delivered, its wait registered; and cancelled, so that the table stays as it is.
void register_wait(long times) {
  Scene scene;
  for (Offset i = 0; i < 1'000; ++i) scene.publish(i);
  for (long i = 0; i < times; ++i) scene.engine().cancel(scene.publish(1'000 + i));
  sink += scene.engine().stats().open_waits;
}

// Below 1,000 open waits.
void commit(long times) {
  constexpr Offset kFirst = 1'000'000'000;
  Scene scene;
  for (Offset i = 0; i < 1'000; ++i) scene.publish(kFirst + i);
  for (long i = 0; i < times; ++i) scene.commit(i + 1);
  if (!scene.effects().empty()) std::abort();
}

// An answer of the engine's, to the bytes that are sent.
void render(long times) {
  Scene scene;
  scene.publish(0);
  scene.commit(1);
  const core::Answer answer = scene.effects().answers.at(0);
  http::DateLine date;
  std::string out;
  for (long i = 0; i < times; ++i) {
    out.clear();
    http::serialize(http::render(answer, {true, "wait=5", false}), {}, date.at(1'700'000'000), out);
    sink += out.size();
  }
}

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  using namespace tidemark::bench;
  const std::map<std::string_view, void (*)(long)> paths{
      {"parse", parse}, {"register", register_wait}, {"commit", commit}, {"render", render}};
  const auto path = argc == 3 ? paths.find(argv[1]) : paths.end();
  const long times = argc == 3 ? std::atol(argv[2]) : 0;
  if (path == paths.end() || times < 1) return std::fprintf(stderr, "usage: instruction_paths parse|register|commit|render N\n"), 64;
  path->second(times);
  std::printf("%zu\n", sink);
}
