// The checksum of a record batch: CRC-32C (Castagnoli, RFC 3720 B.4).
//
// zlib has another polynomial, and a byte-wise table costs more than all the
// rest of encoding a batch; so the processor's own instruction where it has it,
// asked for at run time, and a table of eight bytes at a time elsewhere.
//
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidemark::wire {

std::uint32_t crc32c(std::string_view bytes);

// What crc32c uses on a processor without the instruction; the same result.
std::uint32_t crc32c_by_table(std::string_view bytes);

}  // namespace tidemark::wire
