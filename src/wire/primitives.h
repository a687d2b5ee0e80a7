// Kafka's primitive types, to and from bytes, without trusting the bytes.
//
// A decoder that reads a length and then allocates lets one hostile length take
// the process down, and one that throws leaves half a response behind. So a
// Reader checks every length against what is left before anybody allocates, and
// a failure is a flag that sticks: after it each read returns zero or nothing,
// and the caller asks once, at the end. A Writer has the same flag for values
// that the asked version of the protocol cannot carry.
//
// Layout: https://kafka.apache.org/protocol#protocol_types; everything is
// big-endian. Varints are base-128, least significant group first; signed ones
// are zigzag. "Compact" lengths are uvarint(length + 1), with 0 for null.
//
// Threading: plain values, no shared state.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"

namespace tidemark::wire {

// Bytes that a uvarint of this value takes (1 to 10).
constexpr std::size_t uvarint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

constexpr std::uint32_t zigzag32(std::int32_t value) {
  return (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
}

constexpr std::uint64_t zigzag64(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

// Appends to a string of its own, or to one it is given and that must outlive it.
class Writer {
 public:
  Writer() : out_(&own_) {}
  explicit Writer(std::string& out) : out_(&out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // False once something was asked for that the protocol or its version cannot
  // say; the bytes are then of no use and must not be sent.
  bool ok() const { return ok_; }
  void fail() { ok_ = false; }

  // Of the whole string, including what it held before.
  std::size_t size() const { return out_->size(); }
  const std::string& str() const { return *out_; }
  // The bytes; the writer is empty afterwards.
  std::string take() { return std::move(*out_); }
  void reserve(std::size_t bytes) { out_->reserve(bytes); }

  void raw(std::string_view bytes) { out_->append(bytes); }
  void boolean(bool value) { int8(value ? 1 : 0); }
  void int8(std::int8_t value) { out_->push_back(static_cast<char>(value)); }
  void int16(std::int16_t value) { big_endian<2>(static_cast<std::uint16_t>(value)); }
  void int32(std::int32_t value) { big_endian<4>(static_cast<std::uint32_t>(value)); }
  void int64(std::int64_t value) { big_endian<8>(static_cast<std::uint64_t>(value)); }
  void uint16(std::uint16_t value) { big_endian<2>(value); }
  void uint32(std::uint32_t value) { big_endian<4>(value); }
  void float64(double value) { big_endian<8>(std::bit_cast<std::uint64_t>(value)); }
  void uuid(const Uuid& value) { out_->append(reinterpret_cast<const char*>(value.bytes.data()), 16); }
  void uvarint(std::uint64_t value);
  void varint(std::int32_t value) { uvarint(zigzag32(value)); }
  void varlong(std::int64_t value) { uvarint(zigzag64(value)); }

  // int16 length; longer than 32,767 bytes fails.
  void string(std::string_view value);
  void nullable_string(std::optional<std::string_view> value);
  void compact_string(std::string_view value) { compact_bytes(value); }
  void compact_nullable_string(std::optional<std::string_view> value) { compact_nullable_bytes(value); }
  // int32 length.
  void bytes(std::string_view value);
  void nullable_bytes(std::optional<std::string_view> value);
  void compact_bytes(std::string_view value);
  void compact_nullable_bytes(std::optional<std::string_view> value);

  // The count before an array's elements; nothing means a null array.
  void array_length(std::optional<std::size_t> count);
  void compact_array_length(std::optional<std::size_t> count) { uvarint(count ? *count + 1 : 0); }

  // A tagged field (KIP-482): write its value between the two calls.
  std::size_t begin_tag(std::uint32_t tag) {
    uvarint(tag);
    return size();
  }
  void end_tag(std::size_t begin);

  // Overwrites four bytes at `position`, which must have been written before:
  // for a frame's size, known only once the frame is there.
  void patch_int32(std::size_t position, std::int32_t value);

 private:
  template <std::size_t kBytes>
  void big_endian(std::uint64_t value) {
    char bytes[kBytes];
    for (std::size_t i = 0; i < kBytes; ++i) bytes[i] = static_cast<char>(value >> (8 * (kBytes - 1 - i)) & 0xff);
    out_->append(bytes, kBytes);
  }
  // Fails when the length does not fit a signed 32-bit count.
  bool fits_int32(std::size_t length);

  std::string own_;
  std::string* out_;
  bool ok_ = true;
};

// Reads from bytes that it does not own: every view it returns points into them
// and lives as long as they do. Never reads past their end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  // False once a read asked for more than there was, or met a malformed length;
  // from then on every read returns zero, empty or nothing.
  bool ok() const { return ok_; }
  void fail() {
    ok_ = false;
    position_ = bytes_.size();
  }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  bool at_end() const { return remaining() == 0; }

  bool boolean() { return int8() != 0; }
  std::int8_t int8() { return static_cast<std::int8_t>(big_endian<1>()); }
  std::int16_t int16() { return static_cast<std::int16_t>(big_endian<2>()); }
  std::int32_t int32() { return static_cast<std::int32_t>(big_endian<4>()); }
  std::int64_t int64() { return static_cast<std::int64_t>(big_endian<8>()); }
  std::uint16_t uint16() { return static_cast<std::uint16_t>(big_endian<2>()); }
  std::uint32_t uint32() { return static_cast<std::uint32_t>(big_endian<4>()); }
  double float64() { return std::bit_cast<double>(big_endian<8>()); }
  Uuid uuid();
  // At most 5 bytes and 32 bits; longer is malformed.
  std::uint32_t uvarint();
  std::int32_t varint();
  // At most 10 bytes and 64 bits.
  std::uint64_t uvarint64();
  std::int64_t varlong();

  // Exactly `length` bytes, or failure and an empty view.
  std::string_view raw(std::size_t length);
  std::string_view rest() { return raw(remaining()); }

  // Null where the type does not allow it fails; the nullable ones return nothing.
  std::string_view string();
  std::optional<std::string_view> nullable_string();
  std::string_view compact_string() { return compact_bytes(); }
  std::optional<std::string_view> compact_nullable_string() { return compact_nullable_bytes(); }
  std::string_view bytes();
  std::optional<std::string_view> nullable_bytes();
  std::string_view compact_bytes();
  std::optional<std::string_view> compact_nullable_bytes();

  // An array's count, refused when `count` elements of at least `element_bytes`
  // (> 0) each cannot be in what is left: the caller may reserve what it returns.
  std::size_t array_length(std::size_t element_bytes);
  std::optional<std::size_t> nullable_array_length(std::size_t element_bytes);
  std::size_t compact_array_length(std::size_t element_bytes);
  std::optional<std::size_t> compact_nullable_array_length(std::size_t element_bytes);

  // Tagged fields: `count = tag_count()`, then `count` times next_tag(), whose
  // value reads from the reader it returns. Tags must ascend, as KIP-482 says.
  struct Tag;
  std::uint32_t tag_count() { return uvarint(); }
  Tag next_tag(std::int64_t previous_tag);
  // Reads over a whole section of tagged fields, whatever they are.
  void skip_tags();

 private:
  template <std::size_t kBytes>
  std::uint64_t big_endian() {
    if (remaining() < kBytes) {
      fail();
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kBytes; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes_[position_ + i]);
    position_ += kBytes;
    return value;
  }
  // `length` is the wire's, −1 for null.
  std::optional<std::string_view> nullable_view(std::int64_t length);
  std::optional<std::size_t> checked_count(std::int64_t count, std::size_t element_bytes);
  template <class T>
  T not_null(std::optional<T> value) {
    if (value) return *value;
    fail();
    return T{};
  }

  std::string_view bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

struct Reader::Tag {
  std::uint32_t number;
  Reader value;
};

}  // namespace tidemark::wire
