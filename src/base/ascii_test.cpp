#include "base/ascii.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace tidemark {
namespace {

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }
bool is_not_plain(unsigned char c) { return is_control(c) || c >= 0x80 || c == '"' || c == '\\'; }

std::size_t until(bool (*stops)(unsigned char), const std::string& text) {
  return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), stops) - text.begin());
}

TEST(Ascii, PrefixesEndAtEachOtherByteInEachPlace) {
  for (std::size_t length = 0; length <= 20; ++length) {
    EXPECT_EQ(plain_prefix(std::string(length, 'a')), length);
    EXPECT_EQ(control_free_prefix(std::string(length, '"')), length);
    for (std::size_t at = 0; at < length; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, '~');
        text[at] = static_cast<char>(byte);
        ASSERT_EQ(plain_prefix(text), until(is_not_plain, text)) << byte << " at " << at << " of " << length;
        ASSERT_EQ(control_free_prefix(text), until(is_control, text)) << byte << " at " << at << " of " << length;
      }
  }
}

TEST(Ascii, PrefixesOfRandomBytesAreWhatALoopFinds) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = static_cast<char>(random() % 8 == 0 ? random() % 256 : 0x20 + random() % 0x5f);
    ASSERT_EQ(plain_prefix(text), until(is_not_plain, text)) << text;
    ASSERT_EQ(control_free_prefix(text), until(is_control, text)) << text;
  }
}

}  // namespace
}  // namespace tidemark
