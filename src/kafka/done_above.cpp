#include "kafka/done_above.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "wire/batch_unpacker.h"
#include "wire/primitives.h"

namespace tidemark::kafka {
namespace {

constexpr std::int64_t kMostRecords = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kMostUnpackedBytes = std::size_t{1} << 20;

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Padded, as the client writes it; nothing for all else.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t gathered = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = i >= text.size() - padding ? 0 : base64_digit(text[i]);
    if (digit < 0) return std::nullopt;
    gathered = gathered << 6 | static_cast<std::uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<char>(gathered >> shift & 0xff));
    gathered = 0;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

// Collects records in rising order into ranges.
class Ranges {
 public:
  explicit Ranges(core::Offset committed) : committed_(committed) {}

  void add(core::Offset first, core::Offset last) {
    // The committed record itself is the one that the client will read next.
    if (first <= committed_) first = committed_ + 1;
    if (first > last) return;
    if (!found_.empty() && found_.back().last + 1 == first) {
      found_.back().last = last;
    } else if (found_.size() < kMostDoneRanges) {
      found_.push_back({first, last});
    }
  }
  std::vector<core::Range> take() { return std::move(found_); }

 private:
  core::Offset committed_;
  std::vector<core::Range> found_;
};

std::vector<core::Range> read_bits(std::string_view map, bool is_short, core::Offset committed) {
  wire::Reader reader(map);
  const std::int64_t count = is_short ? reader.int16() : reader.int32();
  if (!reader.ok() || count <= 0) return {};
  const std::string_view bits = map.substr(is_short ? 2 : 4);
  // The encoder leaves one byte more than it needs.
  const auto needed = static_cast<std::size_t>((count + 7) / 8);
  if (bits.size() < needed || bits.size() > needed + 1) return {};
  Ranges ranges(committed);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto byte = static_cast<unsigned char>(bits[static_cast<std::size_t>(i / 8)]);
    if ((byte >> (i % 8) & 1) != 0) ranges.add(committed + i, committed + i);
  }
  return ranges.take();
}

std::vector<core::Range> read_runs(std::string_view map, std::size_t width, core::Offset committed) {
  if (map.empty() || map.size() % width != 0) return {};
  wire::Reader reader(map);
  Ranges ranges(committed);
  core::Offset at = committed;
  bool done = false;
  for (std::size_t i = 0; i < map.size() / width; ++i, done = !done) {
    const std::int64_t run = width == 2 ? reader.int16() : reader.int32();
    // Only the first run may be empty: the others end the one before.
    if (run < 0 || (run == 0 && i > 0) || run > kMostRecords || at - committed + run > kMostRecords) return {};
    if (done) ranges.add(at, at + run - 1);
    at += run;
  }
  return ranges.take();
}

std::vector<core::Range> read_map(char magic, std::string_view map, core::Offset committed) {
  switch (magic) {
    case 'l':
      return read_bits(map, true, committed);
    case 'o':
      return read_bits(map, false, committed);
    case 'n':
      return read_runs(map, 2, committed);
    case 'e':
      return read_runs(map, 4, committed);
    default:
      return {};
  }
}

// What the map would be called unpacked; the same for one that is not packed.
char plain_magic(char magic) {
  switch (magic) {
    case 'a': return 'l';
    case 's': return 'o';
    case 'J': return 'n';
    case 'p': return 'e';
    default: return magic;
  }
}

}  // namespace

std::vector<core::Range> read_done_above(std::string_view metadata, core::Offset committed) {
  if (metadata.empty() || metadata.size() > kMostDoneBytes || committed < 0 ||
      committed > std::numeric_limits<core::Offset>::max() - kMostRecords - 1)
    return {};
  const std::optional<std::string> bytes = decode_base64(metadata);
  if (!bytes || bytes->empty()) return {};
  const std::string_view map = std::string_view(*bytes).substr(1);
  const char magic = plain_magic(bytes->front());
  if (magic == bytes->front()) return read_map(magic, map, committed);
  wire::RecordBatch packed;
  packed.attributes = wire::kZstd;
  packed.records = map;
  std::string unpacked;
  if (wire::unpack(packed, unpacked, kMostUnpackedBytes) != wire::UnpackStatus::plain) return {};
  return read_map(magic, packed.records, committed);
}

}  // namespace tidemark::kafka
