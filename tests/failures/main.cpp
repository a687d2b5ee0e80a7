// Breaks real processes on purpose, under load, and judges every answer.
//
//   failures [--nodes 1|3|1,3] [--cycles N] [--seed N] [--port FIRST] [--dir DIR] [--only FAULT,…]
//
// --cycles: in all, shared by the clusters; without it each kind of fault once in each. Takes
// ports FIRST to FIRST + 14. --only: these faults; --only help names them. Exits with 1, keeping
// all logs in DIR, when a promise was broken, or a process could not be had.
#include <sched.h>
#include <sys/mount.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "run.h"

namespace tidemark::test {
namespace {

struct Arguments {
  std::vector<int> nodes{1};
  std::size_t cycles = 0;
  std::uint64_t seed = 1;
  std::uint16_t port = 15'000;
  std::filesystem::path directory = std::filesystem::path(TIDEMARK_BUILD_DIR) / "failures";
  std::vector<Fault> only;
};

std::vector<std::string> split(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> parts;
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

Fault fault_of(const std::string& name) {
  std::string all;
  for (const Fault fault : all_faults()) {
    if (name_of(fault) == name) return fault;
    all += " " + name_of(fault);
  }
  throw std::invalid_argument("faults:" + all);
}

Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string& name = words[i];
    if (i + 1 == words.size()) throw std::invalid_argument(name + " needs a value");
    const std::string& value = words[i + 1];
    if (name == "--nodes") {
      arguments.nodes.clear();
      for (const std::string& nodes : split(value)) arguments.nodes.push_back(std::stoi(nodes));
    } else if (name == "--cycles") {
      arguments.cycles = std::stoul(value);
    } else if (name == "--seed") {
      arguments.seed = std::stoull(value);
    } else if (name == "--port") {
      arguments.port = static_cast<std::uint16_t>(std::stoul(value));
    } else if (name == "--dir") {
      arguments.directory = std::filesystem::absolute(value);
    } else if (name == "--only") {
      for (const std::string& fault : split(value)) arguments.only.push_back(fault_of(fault));
    } else {
      throw std::invalid_argument("unknown option " + name + " (--nodes, --cycles, --seed, --port, --dir, --only)");
    }
  }
  return arguments;
}

// Disks that this run mounts are nobody else's, and gone with its last process, however it ends. Before any
// thread. Where the right to mount is missing there are no such disks.
void hide_mounts() {
  if (unshare(CLONE_NEWNS) == 0) mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

int run_all(const Arguments& arguments) {
  bool good = true;
  std::size_t cycles = 0, answers = 0;
  for (std::size_t i = 0; i < arguments.nodes.size(); ++i) {
    RunOptions options;
    options.nodes = arguments.nodes[i];
    options.cycles = arguments.cycles / arguments.nodes.size();
    options.seed = arguments.seed;
    options.port = arguments.port;
    options.directory = arguments.directory / (std::to_string(options.nodes) + "-" + std::to_string(arguments.seed));
    options.clock_library = TIDEMARK_CLOCK_LIBRARY;
    options.only = arguments.only;
    std::filesystem::remove_all(options.directory);
    Run run(options);
    good = run.execute() && good;
    cycles += run.cycles();
    answers += run.answers();
  }
  std::printf("%s: %zu cycles, %zu answers judged\n", good ? "every promise was kept" : "BROKEN", cycles, answers);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace tidemark::test

int main(int count, char** words) {
  using namespace tidemark::test;
  // Run by hand, nobody has set what ctest sets.
  setenv("TIDEMARK_PROGRAM", TIDEMARK_BUILD_DIR "/src/cli/tidemark", 0);
  setenv("TIDEMARK_SOURCE_DIR", TIDEMARK_SOURCE_DIRECTORY, 0);
  hide_mounts();
  try {
    return run_all(parse(std::vector<std::string>(words + 1, words + count)));
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 64;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "\nBROKEN: %s\n", error.what());
    return 1;
  }
}
