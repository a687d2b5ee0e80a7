// Two ways to the same checksum, so that the fast one can be held against the
// plain one. The table way is "slicing by 8": table k holds the CRC of a byte
// that k more bytes follow, so eight look-ups advance eight bytes at once.
// Source: M. E. Kounavis and F. L. Berry, A Systematic Approach to Building High
// Performance Software-based CRC Generators, 2005.
#include "wire/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace tidemark::wire {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected
constexpr std::size_t kSlices = 8;

using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t little_endian32(const char* bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
  return value;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::string_view bytes) {
  std::uint64_t crc = 0xffffffff;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto low = static_cast<std::uint32_t>(crc);
  for (; at < bytes.size(); ++at) low = __builtin_ia32_crc32qi(low, static_cast<std::uint8_t>(bytes[at]));
  return ~low;
}

bool has_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}

#else

std::uint32_t crc32c_by_instruction(std::string_view bytes) { return crc32c_by_table(bytes); }
bool has_instruction() { return false; }

#endif

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    const std::uint32_t first = crc ^ little_endian32(bytes.data() + at);
    const std::uint32_t second = little_endian32(bytes.data() + at + 4);
    crc = 0;
    for (unsigned i = 0; i < 4; ++i) {
      crc ^= kTables[7 - i][first >> (8 * i) & 0xff] ^ kTables[3 - i][second >> (8 * i) & 0xff];
    }
  }
  for (; at < bytes.size(); ++at) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<std::uint8_t>(bytes[at])) & 0xff];
  }
  return ~crc;
}

std::uint32_t crc32c(std::string_view bytes) {
  return has_instruction() ? crc32c_by_instruction(bytes) : crc32c_by_table(bytes);
}

}  // namespace tidemark::wire
