// Members of a gateway's JSON, as text for people.
//
// A report must not fail because a newer gateway leaves a member out or makes it
// null; what is not there is empty.
#pragma once

#include <boost/json/fwd.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace tidemark::cli {

// null when it is no JSON.
boost::json::value parsed(const std::string& text);

// A string as it is, anything else as JSON; empty when absent or null.
std::string string_of(const boost::json::object& object, std::string_view key);
bool is_true(const boost::json::object& object, std::string_view key);
// Null when absent or of another kind.
const boost::json::array* array_of(const boost::json::object& object, std::string_view key);
const boost::json::object* object_of(const boost::json::object& object, std::string_view key);
// "3.4 ms"
std::string milliseconds_of(const boost::json::object& object, std::string_view key);

}  // namespace tidemark::cli
