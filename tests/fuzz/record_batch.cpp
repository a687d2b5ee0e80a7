// The batches of a Fetch response: walking them ends, whatever the bytes say, stays
// within them, and records that were read, batched anew, read the same.
//
// An input is a byte and the batches; unless that byte is 0, lengths and checksums are
// mended first, which no fuzzer would guess.
#include "wire/record_batch.h"

#include <string>
#include <vector>

#include "fuzz.h"
#include "wire/batch_unpacker.h"
#include "wire/crc32c.h"
#include "wire/record_batch_layout.h"
#include "wire/record_batch_reader.h"

namespace tidemark::wire {
namespace {

using fuzz::require;

constexpr std::size_t kMostUnpacked = 64 * 1024;

// Makes of `bytes` one batch whose length and checksum are right.
std::string mended(std::string bytes) {
  if (bytes.size() < kRecordBatchOverhead) return bytes;
  const auto put = [&bytes](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (24 - 8 * i) & 255);
  };
  put(layout::kBatchLength, static_cast<std::uint32_t>(bytes.size() - layout::kLogOverhead));
  bytes[layout::kMagic] = 2;
  put(layout::kCrc, crc32c(std::string_view(bytes).substr(layout::kAttributes)));
  return bytes;
}

struct Kept {
  std::vector<Record> records;
  bool whole = false;  // all that the batch claims to have
};

Kept walk(const RecordBatch& batch) {
  Kept kept;
  RecordReader reader(batch);
  Record record;
  RecordStatus status = RecordStatus::record;
  while ((status = reader.next(record)) == RecordStatus::record) {
    require(kept.records.size() <= batch.records.size(), "a record takes a byte");
    RecordHeaderReader headers = record.headers();
    RecordHeader header;
    std::int32_t count = 0;
    while (headers.next(header)) ++count;
    require(count == record.header_count, "a record has the headers that it claims");
    static_cast<void>(control_type(record));
    kept.records.push_back(record);
  }
  require(reader.next(record) == status, "the end stays the end");
  kept.whole = status == RecordStatus::end;
  return kept;
}

void check_rebatched(const Kept& kept) {
  RecordBatchBuilder builder;
  std::size_t added = 0;
  for (const Record& record : kept.records) {
    std::vector<RecordHeader> headers;
    RecordHeaderReader reader = record.headers();
    for (RecordHeader header; reader.next(header);) headers.push_back(header);
    // Timestamps are written as the distance from the first.
    const NewRecord copy{record.timestamp_ms & 0xffffffffffff, record.key, record.value, headers};
    const std::size_t size = builder.encoded_size_with(copy);
    require(builder.add(copy) && builder.encoded_size() == size, "a record is as long as was said");
    ++added;
  }
  if (added == 0) return;
  const std::string bytes = builder.finish({});
  RecordBatchReader batches(bytes);
  RecordBatch batch;
  require(batches.next(batch) == BatchStatus::batch, "what was built is read");
  const Kept again = walk(batch);
  require(again.whole && again.records.size() == kept.records.size(), "all of it");
  for (std::size_t i = 0; i < added; ++i)
    require(again.records[i].key == kept.records[i].key && again.records[i].value == kept.records[i].value &&
                again.records[i].header_bytes == kept.records[i].header_bytes,
            "and each record is the same");
}

void check(std::string_view bytes) {
  fuzz::Input input(bytes);
  const bool mend = input.byte() != 0;
  const std::string response = mend ? mended(std::string(input.rest())) : std::string(input.rest());
  RecordBatchReader batches(response);
  RecordBatch batch;
  std::size_t count = 0;
  BatchStatus status = BatchStatus::batch;
  while ((status = batches.next(batch)) == BatchStatus::batch || status == BatchStatus::other_magic) {
    require(++count <= response.size(), "a batch takes a byte");
    if (status == BatchStatus::other_magic) continue;
    std::string unpacked;
    if (unpack(batch, unpacked, kMostUnpacked) != UnpackStatus::plain) continue;
    require(unpacked.size() <= kMostUnpacked, "no more is unpacked than allowed");
    check_rebatched(walk(batch));
  }
  require(batches.next(batch) == status, "the end stays the end");
}

}  // namespace
}  // namespace tidemark::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 64 * 1024) tidemark::wire::check(tidemark::fuzz::view(data, size));
  return 0;
}
