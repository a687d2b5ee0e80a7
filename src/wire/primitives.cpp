// Lengths, varints and tagged fields: what primitives.h promises about bounds
// is kept here, in one place, so that no message's code has to think of it.
#include "wire/primitives.h"

#include <cstring>
#include <limits>

namespace tidemark::wire {

void Writer::uvarint(std::uint64_t value) {
  char bytes[10];
  std::size_t length = 0;
  while (value >= 0x80) {
    bytes[length++] = static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  bytes[length++] = static_cast<char>(value);
  out_->append(bytes, length);
}

bool Writer::fits_int32(std::size_t length) {
  if (length < static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) return true;
  fail();
  return false;
}

void Writer::string(std::string_view value) {
  if (value.size() > static_cast<std::size_t>(std::numeric_limits<std::int16_t>::max())) {
    fail();
    return;
  }
  int16(static_cast<std::int16_t>(value.size()));
  raw(value);
}

void Writer::nullable_string(std::optional<std::string_view> value) {
  if (value) {
    string(*value);
  } else {
    int16(-1);
  }
}

void Writer::bytes(std::string_view value) {
  if (!fits_int32(value.size())) return;
  int32(static_cast<std::int32_t>(value.size()));
  raw(value);
}

void Writer::nullable_bytes(std::optional<std::string_view> value) {
  if (value) {
    bytes(*value);
  } else {
    int32(-1);
  }
}

void Writer::compact_bytes(std::string_view value) {
  if (!fits_int32(value.size())) return;
  uvarint(value.size() + 1);
  raw(value);
}

void Writer::compact_nullable_bytes(std::optional<std::string_view> value) {
  if (value) {
    compact_bytes(*value);
  } else {
    uvarint(0);
  }
}

void Writer::array_length(std::optional<std::size_t> count) {
  if (count && !fits_int32(*count)) return;
  int32(count ? static_cast<std::int32_t>(*count) : -1);
}

void Writer::end_tag(std::size_t begin) {
  std::string size;
  Writer(size).uvarint(out_->size() - begin);
  out_->insert(begin, size);
}

void Writer::patch_int32(std::size_t position, std::int32_t value) {
  std::string bytes;
  Writer(bytes).int32(value);
  std::memcpy(out_->data() + position, bytes.data(), bytes.size());
}

Uuid Reader::uuid() {
  Uuid value;
  const std::string_view view = raw(value.bytes.size());
  if (!view.empty()) std::memcpy(value.bytes.data(), view.data(), view.size());
  return value;
}

std::uint32_t Reader::uvarint() {
  // Not via uvarint64: five bytes carry 35 bits, and the upper three must be 0.
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const auto byte = static_cast<std::uint32_t>(big_endian<1>());
    if (shift == 28 && byte > 0x0f) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return ok_ ? value : 0;
  }
  fail();
  return 0;
}

std::int32_t Reader::varint() {
  const std::uint32_t value = uvarint();
  return static_cast<std::int32_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::uint64_t Reader::uvarint64() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    const std::uint64_t byte = big_endian<1>();
    if (shift == 63 && byte > 1) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return ok_ ? value : 0;
  }
  fail();
  return 0;
}

std::int64_t Reader::varlong() {
  const std::uint64_t value = uvarint64();
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::string_view Reader::raw(std::size_t length) {
  if (remaining() < length) {
    fail();
    return {};
  }
  const std::string_view view = bytes_.substr(position_, length);
  position_ += length;
  return view;
}

std::optional<std::string_view> Reader::nullable_view(std::int64_t length) {
  if (length == -1 || !ok_) return std::nullopt;
  if (length < 0) {
    fail();
    return std::nullopt;
  }
  const std::string_view view = raw(static_cast<std::size_t>(length));
  return ok_ ? std::optional(view) : std::nullopt;
}

std::optional<std::string_view> Reader::nullable_string() { return nullable_view(int16()); }
std::optional<std::string_view> Reader::nullable_bytes() { return nullable_view(int32()); }
std::optional<std::string_view> Reader::compact_nullable_bytes() {
  return nullable_view(static_cast<std::int64_t>(uvarint()) - 1);
}

std::string_view Reader::string() { return not_null(nullable_string()); }
std::string_view Reader::bytes() { return not_null(nullable_bytes()); }
std::string_view Reader::compact_bytes() { return not_null(compact_nullable_bytes()); }

std::optional<std::size_t> Reader::checked_count(std::int64_t count, std::size_t element_bytes) {
  if (count == -1 || !ok_) return std::nullopt;
  if (count < 0 || static_cast<std::uint64_t>(count) > remaining() / element_bytes) {
    fail();
    return std::nullopt;
  }
  return static_cast<std::size_t>(count);
}

std::optional<std::size_t> Reader::nullable_array_length(std::size_t element_bytes) {
  return checked_count(int32(), element_bytes);
}
std::optional<std::size_t> Reader::compact_nullable_array_length(std::size_t element_bytes) {
  return checked_count(static_cast<std::int64_t>(uvarint()) - 1, element_bytes);
}
std::size_t Reader::array_length(std::size_t element_bytes) {
  return not_null(nullable_array_length(element_bytes));
}
std::size_t Reader::compact_array_length(std::size_t element_bytes) {
  return not_null(compact_nullable_array_length(element_bytes));
}

Reader::Tag Reader::next_tag(std::int64_t previous_tag) {
  const std::uint32_t number = uvarint();
  if (static_cast<std::int64_t>(number) <= previous_tag) fail();
  const std::string_view value = raw(uvarint());
  return Tag{number, Reader(value)};
}

void Reader::skip_tags() {
  const std::uint32_t count = tag_count();
  std::int64_t previous = -1;
  for (std::uint32_t i = 0; i < count && ok_; ++i) previous = next_tag(previous).number;
}

}  // namespace tidemark::wire
