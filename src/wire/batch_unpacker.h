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
// Threading: one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "wire/record_batch_reader.h"

namespace tidemark::wire {

enum class UnpackStatus {
  plain,       // the records can be read; they were packed or not
  unknown,     // a codec that does not exist
  corrupt,     // the bytes are not what the codec writes
  too_large,   // more than the bound when unpacked
};

// For people: "is compressed by a codec that does not exist", …
std::string_view describe(UnpackStatus status);

class BatchUnpacker {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  // `max_bytes`: of one batch, unpacked.
  explicit BatchUnpacker(std::size_t max_bytes = kMaxBytes);
  ~BatchUnpacker();
  BatchUnpacker(BatchUnpacker&&) noexcept;
  BatchUnpacker& operator=(BatchUnpacker&&) noexcept;

  // With `plain`, `batch` says afterwards that its records are not compressed, and
  // they are views into this object's buffer until the next call; else it is
  // unchanged. A batch that is not compressed costs nothing.
  UnpackStatus unpack(RecordBatch& batch);

 private:
  struct Contexts;  // of the libraries, made on first use

  UnpackStatus gzip(std::string_view packed);
  UnpackStatus snappy(std::string_view packed);
  UnpackStatus snappy_block(std::string_view packed);
  UnpackStatus lz4(std::string_view packed);
  UnpackStatus zstd(std::string_view packed);
  Contexts& contexts();
  // Room for more behind the `used` bytes there are; false at the bound.
  bool grow(std::size_t used);
  UnpackStatus finish(std::size_t used);

  std::size_t max_bytes_;
  std::string buffer_;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace tidemark::wire
