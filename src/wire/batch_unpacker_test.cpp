// What each codec's own library packs is unpacked; what nobody packed is refused.
#include "wire/batch_unpacker.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <rapidcheck/gtest.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <utility>
#include <vector>

namespace tidemark::wire {
namespace {

std::string gzip(const std::string& plain) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, plain.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

std::string raw_snappy(const std::string& plain) {
  std::string packed;
  snappy::Compress(plain.data(), plain.size(), &packed);
  return packed;
}

std::string int32(std::size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xff);
  return bytes;
}

// As the Java clients frame it, in blocks of 32 KiB.
std::string xerial_snappy(const std::string& plain) {
  std::string packed = std::string("\x82SNAPPY\0", 8) + int32(1) + int32(1);
  for (std::size_t at = 0; at < plain.size(); at += 32768) {
    const std::string block = raw_snappy(plain.substr(at, 32768));
    packed += int32(block.size()) + block;
  }
  return packed;
}

std::string lz4(const std::string& plain) {
  std::string packed(LZ4F_compressFrameBound(plain.size(), nullptr), '\0');
  packed.resize(LZ4F_compressFrame(packed.data(), packed.size(), plain.data(), plain.size(), nullptr));
  return packed;
}

std::string zstd(const std::string& plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
}

struct Codec {
  const char* name;
  std::int16_t id;
  std::string (*pack)(const std::string&);
};

const Codec kCodecs[] = {
    {"gzip", kGzip, gzip},
    {"snappy", kSnappy, raw_snappy},
    {"xerial", kSnappy, xerial_snappy},
    {"lz4", kLz4, lz4},
    {"zstd", kZstd, zstd}};

RecordBatch batch_of(std::int16_t codec, std::string_view records) {
  RecordBatch batch;
  batch.attributes = static_cast<std::int16_t>(codec | kTransactionalBit);
  batch.records = records;
  return batch;
}

TEST(BatchUnpacker, UnpacksWhatEachCodecPacks) {
  std::string unpacked;
  std::string large;
  for (int i = 0; i < 200'000; ++i) large += std::to_string(i);
  for (const std::string& plain : {std::string("x"), std::string(1000, 'a'), large})
    for (const Codec& codec : kCodecs) {
      const std::string packed = codec.pack(plain);
      RecordBatch batch = batch_of(codec.id, packed);
      ASSERT_EQ(unpack(batch, unpacked), UnpackStatus::plain) << codec.name << " " << plain.size();
      EXPECT_EQ(batch.records, plain) << codec.name;
      EXPECT_EQ(batch.compression_id(), 0);
      EXPECT_TRUE(batch.is_transactional()) << "nothing else of the attributes changes";
    }
}

TEST(BatchUnpacker, LeavesWhatIsNotPackedWhereItIs) {
  std::string unpacked;
  const std::string plain = "records";
  RecordBatch batch = batch_of(0, plain);
  EXPECT_EQ(unpack(batch, unpacked), UnpackStatus::plain);
  EXPECT_EQ(batch.records.data(), plain.data());
}

TEST(BatchUnpacker, P7StopsAtItsBound) {
  std::string unpacked;
  for (const Codec& codec : kCodecs) {
    const std::string fits = codec.pack(std::string(1000, 'a')), bomb = codec.pack(std::string(1'000'000, 'a'));
    RecordBatch batch = batch_of(codec.id, fits);
    EXPECT_EQ(unpack(batch, unpacked, 1000), UnpackStatus::plain) << codec.name;
    batch = batch_of(codec.id, bomb);
    EXPECT_EQ(unpack(batch, unpacked, 1000), UnpackStatus::too_large) << codec.name;
    EXPECT_EQ(batch.records.data(), bomb.data()) << "unchanged";
  }
}

TEST(BatchUnpacker, RefusesCodecsThatDoNotExist) {
  std::string unpacked;
  for (std::int16_t id = 5; id < 8; ++id) {
    RecordBatch batch = batch_of(id, "anything");
    EXPECT_EQ(unpack(batch, unpacked), UnpackStatus::unknown);
    EXPECT_EQ(batch.compression_id(), id);
  }
}

TEST(BatchUnpacker, RefusesWhatIsCutShort) {
  std::string unpacked;
  std::string plain;
  for (int i = 0; i < 2'000; ++i) plain += std::to_string(i * 7919);
  for (const Codec& codec : kCodecs) {
    const std::string packed = codec.pack(plain);
    for (std::size_t length = 0; length + 8 < packed.size(); length += 1 + packed.size() / 97) {
      RecordBatch batch = batch_of(codec.id, std::string_view(packed).substr(0, length));
      const UnpackStatus status = unpack(batch, unpacked);
      // A frame of the Java clients may end after any block.
      if (status == UnpackStatus::plain) {
        EXPECT_STREQ(codec.name, "xerial");
        EXPECT_LT(batch.records.size(), plain.size());
      } else {
        EXPECT_EQ(status, UnpackStatus::corrupt) << codec.name << " " << length;
      }
    }
  }
}

RC_GTEST_PROP(BatchUnpacker, HostileBytesAreRefusedOrWithinTheBound, ()) {
  const Codec& codec = kCodecs[*rc::gen::inRange(0, 5)];
  std::string packed = codec.pack(*rc::gen::arbitrary<std::string>());
  const auto changes = *rc::gen::container<std::vector<std::pair<std::uint16_t, char>>>(
      rc::gen::arbitrary<std::pair<std::uint16_t, char>>());
  for (const auto& [at, to] : changes)
    if (!packed.empty()) packed[at % packed.size()] = to;
  std::string unpacked;
  RecordBatch batch = batch_of(codec.id, packed);
  if (unpack(batch, unpacked, 4096) == UnpackStatus::plain) RC_ASSERT(batch.records.size() <= 4096U);
}

}  // namespace
}  // namespace tidemark::wire
