#include "base/utf8.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

TEST(Utf8, TellsTheLengthOfOneCharacter) {
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_EQ(utf8_length("ab"), 1U);
  EXPECT_EQ(utf8_length("\xc3\xa9x"), 2U);
  EXPECT_EQ(utf8_length("\xe2\x82\xac"), 3U);
  EXPECT_EQ(utf8_length("\xf0\x9f\x98\x80"), 4U);
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf4\x90\x80\x80", "\xff"})
    EXPECT_EQ(utf8_length(bad), 0U) << bad;
}

TEST(Utf8, PrintableTextHasNoControlCharactersAndNoBrokenOnes) {
  EXPECT_EQ(printable("no such user", 300), "no such user");
  EXPECT_EQ(printable("\x1b[2J\r\n\tboom\x7f \xc2\x9b!\xe2\x80\xa8", 300), "[2J boom !");
  EXPECT_EQ(printable("a\xff\xc3", 300), "a\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(printable(std::string_view("a\0b", 3), 300), "a b");
  EXPECT_EQ(printable("", 300), "");
  EXPECT_EQ(printable(" \n ", 300), "");
}

TEST(Utf8, PrintableTextIsCutBetweenCharacters) {
  EXPECT_EQ(printable("abc", 2), "ab");
  EXPECT_EQ(printable("a\xe2\x82\xac", 3), "a");
  EXPECT_EQ(printable("ab cd", 3), "ab");
  EXPECT_EQ(printable("abc", 0), "");
  EXPECT_EQ(printable("\xff\xff", 5), "\xef\xbf\xbd");
}

}  // namespace
}  // namespace tidemark
