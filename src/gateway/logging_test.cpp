#include "gateway/logging.h"

#include <gtest/gtest.h>

namespace tidemark::gateway {
namespace {

TEST(Logging, AMessageCannotForgeALine) {
  EXPECT_EQ(quoted("plain"), "\"plain\"");
  EXPECT_EQ(quoted("a \"b\" \\ c"), "\"a \\\"b\\\" \\\\ c\"");
  EXPECT_EQ(quoted("x\ntime=now level=info"), "\"x\\x0atime=now level=info\"");
  EXPECT_EQ(quoted("für"), "\"für\"");
}

}  // namespace
}  // namespace tidemark::gateway
