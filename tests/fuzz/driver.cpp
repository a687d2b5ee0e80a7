// Runs a fuzz target without libFuzzer, so that every build and every run of the
// tests has some of it.
//
//   fuzz_NAME [--rounds N] [--seed N] [FILE or DIRECTORY]…
//
// Replays the files, then N mutations of them, the same ones each time. Without
// coverage to guide it this finds what is near the corpus, no more; the preset `fuzz`
// is for the rest. An input that fails is left in ./fuzz-failure.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz.h"

namespace {

constexpr std::size_t kLongest = 4096;
std::string current;

void run() { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size()); }

extern "C" void on_failure(int signal) {
  if (std::FILE* file = std::fopen("fuzz-failure", "wb")) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
  }
  std::fprintf(stderr, "fuzz: signal %d; the input is in ./fuzz-failure\n", signal);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using Random = std::mt19937_64;

// Bytes that parsers stumble over.
std::string odd_piece(Random& random) {
  static const std::vector<std::string> kPieces = {"\r\n",
                                                   "\r",
                                                   "\n",
                                                   std::string(1, '\0'),
                                                   "\x7f",
                                                   "\x80",
                                                   "\xff\xff\xff\xff",
                                                   std::string(4, '\0'),
                                                   "\x7f\xff\xff\xff",
                                                   "\x80\x80\x80\x80\x01",
                                                   "0",
                                                   "-1",
                                                   "9223372036854775807",
                                                   "18446744073709551616",
                                                   ": ",
                                                   ",",
                                                   ";",
                                                   "\"",
                                                   "\\u0000",
                                                   "%00",
                                                   "{",
                                                   "[",
                                                   "}",
                                                   "]",
                                                   "\xed\xa0\x80",
                                                   "\xef\xbb\xbf",
                                                   "0\r\n\r\n",
                                                   " "};
  return kPieces[random() % kPieces.size()];
}

void mutate(Random& random, const std::vector<std::string>& seeds, std::string& bytes) {
  for (auto changes = random() % 4 + 1; changes > 0; --changes) {
    const std::size_t at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 7) {
      case 0: bytes.insert(at, odd_piece(random)); break;
      case 1: bytes.erase(at, random() % 8 + 1); break;
      case 2: bytes.insert(at, bytes.substr(random() % (bytes.size() + 1), random() % 16)); break;
      case 3: {
        const std::string& other = seeds[random() % seeds.size()];
        bytes = bytes.substr(0, at) + other.substr(random() % (other.size() + 1));
        break;
      }
      case 4: bytes.resize(at); break;
      case 5:
        if (!bytes.empty()) bytes[at] = static_cast<char>(random());
        break;
      default:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    }
  }
  if (bytes.size() > kLongest) bytes.resize(kLongest);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t rounds = 0, seed = 1;
  std::vector<std::string> seeds;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if ((argument == "--rounds" || argument == "--seed") && i + 1 < argc) {
      (argument == "--rounds" ? rounds : seed) = std::stoull(argv[++i]);
    } else if (std::filesystem::is_directory(argument)) {
      std::vector<std::filesystem::path> files;
      for (const auto& entry : std::filesystem::directory_iterator(argument)) files.push_back(entry.path());
      std::sort(files.begin(), files.end());
      for (const auto& file : files) seeds.push_back(read(file));
    } else if (std::filesystem::exists(argument)) {
      seeds.push_back(read(argument));
    } else {
      std::fprintf(stderr, "fuzz: no such file or directory: %s\n", argument.c_str());
      return 64;
    }
  }
  if (seeds.empty()) seeds.emplace_back();
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, on_failure);
  for (const std::string& bytes : seeds) {
    current = bytes;
    run();
  }
  Random random(seed);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    current = seeds[random() % seeds.size()];
    mutate(random, seeds, current);
    run();
  }
  std::printf("%zu of the corpus, %llu mutations of seed %llu\n", seeds.size(), static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(seed));
}
