// What one field of a message needs beyond a primitive, once for all messages.
//
// Each type of Kafka's definitions has an ordinary and a compact form, is
// nullable in some versions only, and may be absent from the asked version;
// written out per field that is thousands of lines that differ in a digit. The
// generated code calls these instead, with the version's facts as arguments.
//
// For generated code only; the contracts are those of generated/*.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/primitives.h"

namespace tidemark::wire::codec {

// A field that the version lacks and that may not be dropped silently.
inline void require_default(Writer& w, bool is_default) {
  if (!is_default) w.fail();
}

inline void put_string(Writer& w, bool flexible, std::string_view value) {
  flexible ? w.compact_string(value) : w.string(value);
}

inline void put_bytes(Writer& w, bool flexible, std::string_view value) {
  flexible ? w.compact_bytes(value) : w.bytes(value);
}

inline void put_nullable_string(Writer& w, bool flexible, bool nullable, std::optional<std::string_view> value) {
  if (!value && !nullable) w.fail();
  flexible ? w.compact_nullable_string(value) : w.nullable_string(value);
}

inline void put_nullable_bytes(Writer& w, bool flexible, bool nullable, std::optional<std::string_view> value) {
  if (!value && !nullable) w.fail();
  flexible ? w.compact_nullable_bytes(value) : w.nullable_bytes(value);
}

template <class T, class PutElement>
void put_array(Writer& w, bool flexible, const std::vector<T>& values, PutElement put_element) {
  flexible ? w.compact_array_length(values.size()) : w.array_length(values.size());
  for (const T& value : values) put_element(value);
}

template <class T, class PutElement>
void put_nullable_array(Writer& w, bool flexible, bool nullable, const std::optional<std::vector<T>>& values,
                        PutElement put_element) {
  if (values) return put_array(w, flexible, *values, put_element);
  if (!nullable) w.fail();
  flexible ? w.compact_array_length(std::nullopt) : w.array_length(std::nullopt);
}

inline std::string_view get_string(Reader& r, bool flexible) { return flexible ? r.compact_string() : r.string(); }

inline std::string_view get_bytes(Reader& r, bool flexible) { return flexible ? r.compact_bytes() : r.bytes(); }

inline std::optional<std::string_view> get_nullable_string(Reader& r, bool flexible, bool nullable) {
  const auto value = flexible ? r.compact_nullable_string() : r.nullable_string();
  if (!value && !nullable) r.fail();
  return value;
}

inline std::optional<std::string_view> get_nullable_bytes(Reader& r, bool flexible, bool nullable) {
  const auto value = flexible ? r.compact_nullable_bytes() : r.nullable_bytes();
  if (!value && !nullable) r.fail();
  return value;
}

// A view's copy, when there is one.
inline std::optional<std::string> owned(std::optional<std::string_view> view) {
  if (!view) return std::nullopt;
  return std::string(*view);
}

template <class T, class GetElement>
void get_elements(Reader& r, std::size_t count, std::vector<T>& values, GetElement get_element) {
  values.clear();
  values.reserve(count);
  for (std::size_t i = 0; i < count && r.ok(); ++i) get_element(values.emplace_back());
}

// `element_bytes`: the fewest bytes an element takes, which bounds the count.
template <class T, class GetElement>
void get_array(Reader& r, bool flexible, std::size_t element_bytes, std::vector<T>& values, GetElement get_element) {
  const std::size_t count = flexible ? r.compact_array_length(element_bytes) : r.array_length(element_bytes);
  get_elements(r, count, values, get_element);
}

template <class T, class GetElement>
void get_nullable_array(Reader& r, bool flexible, bool nullable, std::size_t element_bytes,
                        std::optional<std::vector<T>>& values, GetElement get_element) {
  const auto count =
      flexible ? r.compact_nullable_array_length(element_bytes) : r.nullable_array_length(element_bytes);
  if (count) return get_elements(r, *count, values.emplace(), get_element);
  values.reset();
  if (!nullable) r.fail();
}

// The tagged fields of one struct: `get_tag(number, reader)` reads the value of
// a tag it knows and returns true; of one it does not know, the bytes are
// skipped. A known value that does not end where its size says is malformed.
template <class GetTag>
void get_tags(Reader& r, GetTag get_tag) {
  const std::uint32_t count = r.tag_count();
  std::int64_t previous = -1;
  for (std::uint32_t i = 0; i < count && r.ok(); ++i) {
    Reader::Tag tag = r.next_tag(previous);
    previous = tag.number;
    if (!r.ok() || !get_tag(tag.number, tag.value)) continue;
    if (!tag.value.ok() || !tag.value.at_end()) r.fail();
  }
}

}  // namespace tidemark::wire::codec
