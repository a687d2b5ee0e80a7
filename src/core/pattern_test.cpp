#include "core/pattern.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tidemark::core {
namespace {

// The definition, exponential and obviously right.
bool matches_by_definition(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*')
    return matches_by_definition(pattern.substr(1), name) ||
           (!name.empty() && matches_by_definition(pattern, name.substr(1)));
  return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
         matches_by_definition(pattern.substr(1), name.substr(1));
}

TEST(Pattern, MatchesAsAShellDoes) {
  EXPECT_TRUE(matches("console-consumer-*", "console-consumer-12345"));
  EXPECT_TRUE(matches("console-consumer-*", "console-consumer-"));
  EXPECT_FALSE(matches("console-consumer-*", "my-console-consumer-1"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_FALSE(matches("?", ""));
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_TRUE(matches("*ab", "aab"));
  EXPECT_FALSE(matches("a*b*c", "acb"));
}

TEST(Pattern, KnowsNoOtherSpecialCharacters) {
  EXPECT_FALSE(matches("[a-z]", "b"));
  EXPECT_TRUE(matches("[a-z]", "[a-z]"));
  EXPECT_FALSE(matches("a.c", "abc"));
}

TEST(Pattern, AnyOfSeveral) {
  EXPECT_FALSE(matches_any({}, "views"));
  EXPECT_TRUE(matches_any({"x*", "v*"}, "views"));
  EXPECT_FALSE(matches_any({"x*", "y*"}, "views"));
}

TEST(Pattern, HostileInputEndsSoon) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", std::string(5000, 'a')));
}

RC_GTEST_PROP(Pattern, AgreesWithTheDefinition, ()) {
  const auto word = [](std::string_view alphabet) {
    return rc::gen::resize(8, rc::gen::container<std::string>(rc::gen::elementOf(std::string(alphabet))));
  };
  const std::string pattern = *word("ab*?");
  const std::string name = *word("ab");
  RC_ASSERT(matches(pattern, name) == matches_by_definition(pattern, name));
}

}  // namespace
}  // namespace tidemark::core
