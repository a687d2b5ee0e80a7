#include "wire/batch_unpacker.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "wire/primitives.h"

namespace tidemark::wire {
namespace {

constexpr std::size_t kFirstBuffer = std::size_t{64} << 10;
constexpr std::string_view kXerialMagic{"\x82SNAPPY\0", 8};
constexpr int kGzipWindow = 16 + MAX_WBITS;  // zlib's way to say: gzip, any window

// What a codec writes to, up to a bound.
class Output {
 public:
  Output(std::string& bytes, std::size_t max_bytes) : bytes_(bytes), max_bytes_(max_bytes) { bytes_.clear(); }

  // Room for more behind the `used` bytes there are; false at the bound.
  bool grow(std::size_t used) {
    if (used > max_bytes_) return false;
    // One byte more than may be used: what fills the bound may still have its trailer to read.
    bytes_.resize(std::min(max_bytes_ + 1, std::max(kFirstBuffer, used * 2)));
    return true;
  }
  UnpackStatus finish(std::size_t used) {
    if (used > max_bytes_) return UnpackStatus::too_large;
    bytes_.resize(used);
    return UnpackStatus::plain;
  }
  // Exactly `more` bytes behind those there are; false beyond the bound.
  bool extend(std::size_t more) {
    if (more > max_bytes_ - bytes_.size()) return false;
    bytes_.resize(bytes_.size() + more);
    return true;
  }
  char* data() { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::string& bytes_;
  std::size_t max_bytes_;
};

UnpackStatus gzip(std::string_view packed, Output out) {
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib writes nothing there
  stream.avail_in = static_cast<uInt>(packed.size());
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return UnpackStatus::corrupt;
  UnpackStatus status = UnpackStatus::corrupt;
  for (std::size_t used = 0;;) {
    if (used == out.size() && !out.grow(used)) {
      status = UnpackStatus::too_large;
      break;
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data()) + used;
    stream.avail_out = static_cast<uInt>(out.size() - used);
    const int result = inflate(&stream, Z_NO_FLUSH);
    used = out.size() - stream.avail_out;
    if (result == Z_STREAM_END) {
      status = out.finish(used);
      break;
    }
    if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) break;
  }
  inflateEnd(&stream);
  return status;
}

UnpackStatus snappy_block(std::string_view packed, Output& out) {
  std::size_t length = 0;
  if (!::snappy::GetUncompressedLength(packed.data(), packed.size(), &length)) return UnpackStatus::corrupt;
  const std::size_t used = out.size();
  if (!out.extend(length)) return UnpackStatus::too_large;
  const bool good = ::snappy::RawUncompress(packed.data(), packed.size(), out.data() + used);
  return good ? UnpackStatus::plain : UnpackStatus::corrupt;
}

UnpackStatus snappy(std::string_view packed, Output out) {
  if (!packed.starts_with(kXerialMagic)) return snappy_block(packed, out);
  Reader reader(packed.substr(kXerialMagic.size()));
  reader.int32();  // the framing's version
  reader.int32();  // the oldest version that can read it
  while (reader.ok() && !reader.at_end()) {
    const std::int32_t length = reader.int32();
    if (length < 0) return UnpackStatus::corrupt;
    const std::string_view block = reader.raw(static_cast<std::size_t>(length));
    if (!reader.ok()) return UnpackStatus::corrupt;
    if (const UnpackStatus status = snappy_block(block, out); status != UnpackStatus::plain) return status;
  }
  return reader.ok() ? UnpackStatus::plain : UnpackStatus::corrupt;
}

UnpackStatus lz4(std::string_view packed, Output out) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION))) return UnpackStatus::corrupt;
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(made,
                                                                                     &LZ4F_freeDecompressionContext);
  for (std::size_t used = 0, read = 0;;) {
    if (used == out.size() && !out.grow(used)) return UnpackStatus::too_large;
    std::size_t written = out.size() - used, taken = packed.size() - read;
    const std::size_t wanted =
        LZ4F_decompress(context.get(), out.data() + used, &written, packed.data() + read, &taken, nullptr);
    if (LZ4F_isError(wanted)) return UnpackStatus::corrupt;
    used += written;
    read += taken;
    if (wanted == 0) return out.finish(used);
    if (written == 0 && taken == 0 && used < out.size()) return UnpackStatus::corrupt;
  }
}

UnpackStatus zstd(std::string_view packed, Output out) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (context == nullptr) return UnpackStatus::corrupt;
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  for (std::size_t used = 0;;) {
    if (used == out.size() && !out.grow(used)) return UnpackStatus::too_large;
    ZSTD_outBuffer room{out.data(), out.size(), used};
    const std::size_t before = in.pos;
    const std::size_t wanted = ZSTD_decompressStream(context.get(), &room, &in);
    if (ZSTD_isError(wanted)) return UnpackStatus::corrupt;
    const bool moved = room.pos > used || in.pos > before;
    used = room.pos;
    if (wanted == 0 && in.pos == in.size) return out.finish(used);
    if (!moved && used < out.size()) return UnpackStatus::corrupt;
  }
}

UnpackStatus unpack_bytes(std::int16_t codec, std::string_view packed, Output out) {
  switch (codec) {
    case kGzip: return gzip(packed, out);
    case kSnappy: return snappy(packed, out);
    case kLz4: return lz4(packed, out);
    case kZstd: return zstd(packed, out);
    default: return UnpackStatus::unknown;
  }
}

}  // namespace

std::string_view describe(UnpackStatus status) {
  switch (status) {
    case UnpackStatus::plain: return "is readable";
    case UnpackStatus::unknown: return "is compressed by a codec that does not exist";
    case UnpackStatus::corrupt: return "is compressed, and damaged";
    case UnpackStatus::too_large: break;
  }
  return "is too large when unpacked";
}

UnpackStatus unpack(RecordBatch& batch, std::string& unpacked, std::size_t max_bytes) {
  if (batch.compression_id() == 0) return UnpackStatus::plain;
  const UnpackStatus status = unpack_bytes(batch.compression_id(), batch.records, Output(unpacked, max_bytes));
  if (status != UnpackStatus::plain) return status;
  batch.attributes = static_cast<std::int16_t>(batch.attributes & ~kCompressionMask);
  batch.records = unpacked;
  return status;
}

}  // namespace tidemark::wire
