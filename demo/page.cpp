// See page.h.
#include "demo/page.h"

#include <algorithm>
#include <charconv>

namespace demo {
namespace {

constexpr char kTotalBefore[] = "<p id=\"total\">";
constexpr char kTotalAfter[] = " views so far</p>";

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string document(const std::string& title, const std::string& body) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escaped(title) +
         "</title></head>\n<body>\n<h1>" + escaped(title) + "</h1>\n" + body + "</body></html>\n";
}

}  // namespace

std::string render_page(const ViewedPage& own, const Snapshot& snapshot) {
  std::string body;
  if (!own.user.empty()) {
    body += "<p id=\"own\">";
    body += snapshot.contains_own ? kOwnViewShown : kOwnViewMissing;
    body += "</p>\n";
  }
  body += kTotalBefore + std::to_string(snapshot.total) + kTotalAfter + "\n<h2>Most viewed</h2>\n<ol>\n";
  for (const auto& [path, count] : snapshot.top) {
    body += "<li>" + escaped(path) + " (" + std::to_string(count) + ")</li>\n";
  }
  body += "</ol>\n<h2>Viewed just now</h2>\n<ul>\n";
  for (const ViewedPage& view : snapshot.recent) {
    body += "<li>" + escaped(view.path) + " by " + escaped(view.user) + "</li>\n";
  }
  body += "</ul>\n";
  return document(own.path, body);
}

std::string render_error(const std::string& sentence) {
  return document("Something went wrong", "<p>" + escaped(sentence) + "</p>\n");
}

long long total_on(const std::string& page) {
  const auto before = page.find(kTotalBefore);
  if (before == std::string::npos) return -1;
  long long total = -1;
  std::from_chars(page.data() + before + sizeof kTotalBefore - 1, page.data() + page.size(), total);
  return total;
}

bool is_user(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
           c == '.';
  });
}

bool is_path(const std::string& text) {
  return text.starts_with('/') && text.size() <= 201 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace demo
