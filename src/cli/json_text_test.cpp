#include "cli/json_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace tidemark::cli {
namespace {

TEST(JsonText, WhatIsNotThereIsEmpty) {
  const boost::json::value value = parsed(R"({"s":"a\u0000b","n":null,"i":7,"t":true,"a":[1],"o":{},"ms":123.4,"small":3.44})");
  const boost::json::object& object = value.as_object();
  EXPECT_EQ(string_of(object, "s"), std::string("a\0b", 3));
  EXPECT_EQ(string_of(object, "n"), "");
  EXPECT_EQ(string_of(object, "none"), "");
  EXPECT_EQ(string_of(object, "i"), "7");
  EXPECT_TRUE(is_true(object, "t"));
  EXPECT_FALSE(is_true(object, "i"));
  EXPECT_FALSE(is_true(object, "none"));
  EXPECT_NE(array_of(object, "a"), nullptr);
  EXPECT_EQ(array_of(object, "o"), nullptr);
  EXPECT_NE(object_of(object, "o"), nullptr);
  EXPECT_EQ(object_of(object, "none"), nullptr);
  EXPECT_EQ(milliseconds_of(object, "ms"), "123 ms");
  EXPECT_EQ(milliseconds_of(object, "small"), "3.4 ms");
  EXPECT_EQ(milliseconds_of(object, "s"), "0.0 ms");
  EXPECT_TRUE(parsed("{").is_null());
}

}  // namespace
}  // namespace tidemark::cli
