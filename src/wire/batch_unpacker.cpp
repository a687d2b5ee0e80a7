#include "wire/batch_unpacker.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "wire/primitives.h"

namespace tidemark::wire {
namespace {

constexpr std::size_t kFirstBuffer = std::size_t{64} << 10;
constexpr std::string_view kXerialMagic{"\x82SNAPPY\0", 8};
constexpr int kGzipWindow = 16 + MAX_WBITS;  // zlib's way to say: gzip, any window

}  // namespace

struct BatchUnpacker::Contexts {
  LZ4F_dctx* lz4 = nullptr;
  ZSTD_DCtx* zstd = nullptr;

  Contexts() = default;
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
  ~Contexts() {
    LZ4F_freeDecompressionContext(lz4);
    ZSTD_freeDCtx(zstd);
  }
};

std::string_view describe(UnpackStatus status) {
  switch (status) {
    case UnpackStatus::plain: return "is readable";
    case UnpackStatus::unknown: return "is compressed by a codec that does not exist";
    case UnpackStatus::corrupt: return "is compressed, and damaged";
    case UnpackStatus::too_large: break;
  }
  return "is too large when unpacked";
}

BatchUnpacker::BatchUnpacker(std::size_t max_bytes) : max_bytes_(max_bytes) {}
BatchUnpacker::~BatchUnpacker() = default;
BatchUnpacker::BatchUnpacker(BatchUnpacker&&) noexcept = default;
BatchUnpacker& BatchUnpacker::operator=(BatchUnpacker&&) noexcept = default;

UnpackStatus BatchUnpacker::unpack(RecordBatch& batch) {
  const std::string_view packed = batch.records;
  UnpackStatus status = UnpackStatus::unknown;
  buffer_.clear();
  switch (batch.compression_id()) {
    case 0: return UnpackStatus::plain;
    case 1: status = gzip(packed); break;
    case 2: status = snappy(packed); break;
    case 3: status = lz4(packed); break;
    case 4: status = zstd(packed); break;
    default: return UnpackStatus::unknown;
  }
  if (status != UnpackStatus::plain) return status;
  batch.attributes = static_cast<std::int16_t>(batch.attributes & ~kCompressionMask);
  batch.records = buffer_;
  return status;
}

BatchUnpacker::Contexts& BatchUnpacker::contexts() {
  if (contexts_ == nullptr) contexts_ = std::make_unique<Contexts>();
  return *contexts_;
}

bool BatchUnpacker::grow(std::size_t used) {
  if (used > max_bytes_) return false;
  // One byte more than may be used: what fills the bound may still have its trailer to read.
  buffer_.resize(std::min(max_bytes_ + 1, std::max(kFirstBuffer, used * 2)));
  return true;
}

UnpackStatus BatchUnpacker::finish(std::size_t used) {
  if (used > max_bytes_) return UnpackStatus::too_large;
  buffer_.resize(used);
  return UnpackStatus::plain;
}

UnpackStatus BatchUnpacker::gzip(std::string_view packed) {
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib writes nothing there
  stream.avail_in = static_cast<uInt>(packed.size());
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return UnpackStatus::corrupt;
  UnpackStatus status = UnpackStatus::corrupt;
  for (std::size_t used = 0;;) {
    if (used == buffer_.size() && !grow(used)) {
      status = UnpackStatus::too_large;
      break;
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer_.data()) + used;
    stream.avail_out = static_cast<uInt>(buffer_.size() - used);
    const int result = inflate(&stream, Z_NO_FLUSH);
    used = buffer_.size() - stream.avail_out;
    if (result == Z_STREAM_END) {
      status = finish(used);
      break;
    }
    if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) break;
  }
  inflateEnd(&stream);
  return status;
}

UnpackStatus BatchUnpacker::snappy_block(std::string_view packed) {
  std::size_t length = 0;
  if (!::snappy::GetUncompressedLength(packed.data(), packed.size(), &length)) return UnpackStatus::corrupt;
  const std::size_t used = buffer_.size();
  if (length > max_bytes_ - used) return UnpackStatus::too_large;
  buffer_.resize(used + length);
  const bool good = ::snappy::RawUncompress(packed.data(), packed.size(), buffer_.data() + used);
  return good ? UnpackStatus::plain : UnpackStatus::corrupt;
}

UnpackStatus BatchUnpacker::snappy(std::string_view packed) {
  if (!packed.starts_with(kXerialMagic)) return snappy_block(packed);
  Reader reader(packed.substr(kXerialMagic.size()));
  reader.int32();  // the framing's version
  reader.int32();  // the oldest version that can read it
  while (reader.ok() && !reader.at_end()) {
    const std::int32_t length = reader.int32();
    if (length < 0) return UnpackStatus::corrupt;
    const std::string_view block = reader.raw(static_cast<std::size_t>(length));
    if (!reader.ok()) return UnpackStatus::corrupt;
    if (const UnpackStatus status = snappy_block(block); status != UnpackStatus::plain) return status;
  }
  return reader.ok() ? UnpackStatus::plain : UnpackStatus::corrupt;
}

UnpackStatus BatchUnpacker::lz4(std::string_view packed) {
  Contexts& held = contexts();
  if (held.lz4 == nullptr && LZ4F_isError(LZ4F_createDecompressionContext(&held.lz4, LZ4F_VERSION)))
    return UnpackStatus::corrupt;
  LZ4F_resetDecompressionContext(held.lz4);
  for (std::size_t used = 0, read = 0;;) {
    if (used == buffer_.size() && !grow(used)) return UnpackStatus::too_large;
    std::size_t written = buffer_.size() - used, taken = packed.size() - read;
    const std::size_t wanted =
        LZ4F_decompress(held.lz4, buffer_.data() + used, &written, packed.data() + read, &taken, nullptr);
    if (LZ4F_isError(wanted)) return UnpackStatus::corrupt;
    used += written;
    read += taken;
    if (wanted == 0) return finish(used);
    if (written == 0 && taken == 0 && used < buffer_.size()) return UnpackStatus::corrupt;
  }
}

UnpackStatus BatchUnpacker::zstd(std::string_view packed) {
  Contexts& held = contexts();
  if (held.zstd == nullptr) held.zstd = ZSTD_createDCtx();
  if (held.zstd == nullptr) return UnpackStatus::corrupt;
  ZSTD_DCtx_reset(held.zstd, ZSTD_reset_session_only);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  for (std::size_t used = 0;;) {
    if (used == buffer_.size() && !grow(used)) return UnpackStatus::too_large;
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), used};
    const std::size_t before = in.pos;
    const std::size_t wanted = ZSTD_decompressStream(held.zstd, &out, &in);
    if (ZSTD_isError(wanted)) return UnpackStatus::corrupt;
    const bool moved = out.pos > used || in.pos > before;
    used = out.pos;
    if (wanted == 0 && in.pos == in.size) return finish(used);
    if (!moved && used < buffer_.size()) return UnpackStatus::corrupt;
  }
}

}  // namespace tidemark::wire
