// What a visitor sees.
//
// The page says in words whether the reader's own view is in the lists: the
// load program, like a person, has nothing but the page to go by.
#pragma once

#include <string>

#include "demo/views.h"

namespace demo {

inline constexpr char kOwnViewShown[] = "Your view of this page is in the lists.";
inline constexpr char kOwnViewMissing[] = "Your view of this page is not in the lists yet.";

// The page of `own.path` as `own.user` sees it; all text is escaped. An empty
// user is somebody whose view is not counted: nothing is said about it.
std::string render_page(const ViewedPage& own, const Snapshot& snapshot);

// A page for what went wrong.
std::string render_error(const std::string& sentence);

// The total that a rendered page shows; -1 when it shows none.
long long total_on(const std::string& page);

// 1 to 64 letters, digits, '-', '_' and '.'.
bool is_user(const std::string& text);
// '/' and up to 200 visible ASCII characters.
bool is_path(const std::string& text);

}  // namespace demo
