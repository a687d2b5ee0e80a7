#include "base/duration.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(Duration, ReadsEveryUnit) {
  EXPECT_EQ(*parse_duration("0"), nanoseconds(0));
  EXPECT_EQ(*parse_duration("7us"), microseconds(7));
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(*parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(*parse_duration("0.001s"), milliseconds(1));
  EXPECT_EQ(*parse_duration("1m"), seconds(60));
  EXPECT_EQ(*parse_duration("2h"), seconds(7200));
  EXPECT_EQ(*parse_duration("999999h"), std::chrono::hours(999999));
}

TEST(Duration, RefusesWhatIsAmbiguousOrMalformed) {
  for (const char* text : {"", "5", "-1s", "1.s", ".5s", "1.2345s", "1 s", "1S", "s", "1234567ms", "1e3s", "1sx", "0x1s"}) {
    const auto result = parse_duration(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().kind, ErrorKind::invalid);
    EXPECT_NE(result.error().message.find("250ms"), std::string::npos);
  }
}

TEST(Duration, WritesWhatItReads) {
  for (const char* text : {"0", "7us", "250ms", "1500ms", "2s", "90s", "1m", "2h"})
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
}

}  // namespace
}  // namespace tidemark
