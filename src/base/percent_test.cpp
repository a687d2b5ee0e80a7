#include "base/percent.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

TEST(Percent, DecodesEscapesAndRefusesMalformedOnes) {
  EXPECT_EQ(percent_decode("a%2Fb%c3%A9+"), "a/b\xc3\xa9+");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decode(""), "");
  for (const char* text : {"%", "%2", "a%", "%zz", "%2g", "%g2", "%%41"}) EXPECT_FALSE(percent_decode(text)) << text;
}

TEST(Percent, EscapesWhatAPathCannotHold) {
  EXPECT_EQ(percent_encode("a-b_c.d~/ +"), "a-b_c.d~%2F%20%2B");
  EXPECT_EQ(percent_encode("a b/\xc3\xbc-_.~"), "a%20b%2F%C3%BC-_.~");
}

TEST(Percent, EncodingIsTheInverseOfDecoding) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

}  // namespace
}  // namespace tidemark
