#include "base/ascii.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace tidemark {
namespace {

std::size_t by_bytes(const std::string& text) {
  const auto stop = std::find_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f || c == '"' || c == '\\'; });
  return static_cast<std::size_t>(stop - text.begin());
}

TEST(Ascii, PlainPrefixEndsAtEachOtherByteInEachPlace) {
  for (std::size_t length = 0; length <= 20; ++length) {
    EXPECT_EQ(plain_prefix(std::string(length, 'a')), length);
    for (std::size_t at = 0; at < length; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, '~');
        text[at] = static_cast<char>(byte);
        ASSERT_EQ(plain_prefix(text), by_bytes(text)) << byte << " at " << at << " of " << length;
      }
  }
}

TEST(Ascii, PlainPrefixOfRandomBytesIsWhatALoopFinds) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = static_cast<char>(random() % 8 == 0 ? random() % 256 : 0x20 + random() % 0x5f);
    ASSERT_EQ(plain_prefix(text), by_bytes(text)) << text;
  }
}

}  // namespace
}  // namespace tidemark
