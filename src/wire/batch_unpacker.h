// Unpacks the records of compressed batches.
//
// Whoever writes to a topic chooses how its batches are packed, and a topic or a
// broker may pack all of them anew (`compression.type`,
// `offsets.topic.compression.codec`): a reader that knows only plain ones is blind
// there. What comes out has no bound but what the bytes claim, so it has one here.
//
// Formats: Kafka's "Record Batch" names the four codecs (attributes, bits 0–2).
// gzip: RFC 1952. Snappy: the raw format, or the Java clients' framing of it
// (xerial's SnappyOutputStream: "\x82SNAPPY\0", two int32, then blocks with their
// int32 lengths, big-endian). LZ4: the frame format. Zstandard: RFC 8878.
//
// Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/record_batch_reader.h"

namespace tidemark::wire {

// RecordBatch::compression_id().
inline constexpr std::int16_t kGzip = 1;
inline constexpr std::int16_t kSnappy = 2;
inline constexpr std::int16_t kLz4 = 3;
inline constexpr std::int16_t kZstd = 4;

enum class UnpackStatus {
  plain,       // the records can be read; they were packed or not
  unknown,     // a codec that does not exist
  corrupt,     // the bytes are not what the codec writes
  too_large,   // more than the bound when unpacked
};

// For people: "is compressed by a codec that does not exist", …
std::string_view describe(UnpackStatus status);

inline constexpr std::size_t kMostUnpackedBytes = std::size_t{64} << 20;  // of one batch

// With `plain`, `batch` says afterwards that its records are not compressed, and
// they are views into `unpacked`, which is written anew; else `batch` is
// unchanged. A batch that is not compressed costs nothing. `max_bytes`: unpacked.
UnpackStatus unpack(RecordBatch& batch, std::string& unpacked, std::size_t max_bytes = kMostUnpackedBytes);

}  // namespace tidemark::wire
