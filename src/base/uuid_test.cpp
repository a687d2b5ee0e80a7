#include "base/uuid.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

TEST(Uuid, WritesAndReadsTheSameText) {
  const std::string text = "01932c07-209a-7b3c-9def-0123456789ab";
  ASSERT_TRUE(Uuid::parse(text).has_value());
  EXPECT_EQ(Uuid::parse(text)->to_string(), text);
}

TEST(Uuid, RefusesAnythingElse) {
  for (const char* text : {"", "01932c07", "01932c07-209a-7b3c-9def-0123456789a", "01932c07-209a-7b3c-9def-0123456789abc",
                           "01932c07_209a-7b3c-9def-0123456789ab", "g1932c07-209a-7b3c-9def-0123456789ab"})
    EXPECT_FALSE(Uuid::parse(text).has_value()) << text;
}

TEST(Uuid, VersionSevenCarriesTimeVersionAndVariant) {
  // The example of RFC 9562, appendix A.6.
  const Uuid id = Uuid::v7(0x017F22E279B0, {0x0C, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F});
  EXPECT_EQ(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_LT(Uuid::v7(1, {}), Uuid::v7(2, {}));
}

}  // namespace
}  // namespace tidemark
