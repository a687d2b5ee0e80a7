#include "wire/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/random_test.h"

namespace tidemark::wire {
namespace {

// RFC 3720 (iSCSI), appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  std::string ascending;
  for (char byte = 0; byte < 32; ++byte) ascending.push_back(byte);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eU);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, BothWaysAgree) {
  Random random(3);
  for (std::size_t length = 0; length < 300; ++length) {
    const std::string bytes = random.bytes(length);
    // Also from an odd address.
    const std::string_view view = std::string_view(bytes).substr(length % 8 < length ? length % 8 : 0);
    EXPECT_EQ(crc32c(view), crc32c_by_table(view)) << length;
  }
}

}  // namespace
}  // namespace tidemark::wire
