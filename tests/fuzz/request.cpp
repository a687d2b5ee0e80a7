// A stream of HTTP requests: it means the same however it is cut, and what was
// understood, written down plainly, is understood as itself.
//
// The limits are small, so that each is met by inputs of a few hundred bytes.
#include <functional>

#include "fuzz.h"
#include "http/testing_stream.h"

namespace tidemark::http {
namespace {

using fuzz::require;
using testing::Understood;

Limits small() {
  Limits limits;
  limits.header_bytes = 512;
  limits.header_fields = 8;
  limits.body_bytes = 64;
  limits.chunk_extension_bytes = 16;
  limits.trailer_bytes = 32;
  return limits;
}

// With a length instead of chunks, and without what only the transport reads.
std::string plain(const Request& request) {
  std::string bytes = request.method + ' ' + request.target + (request.http11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  for (const Field& field : request.headers) {
    const bool frames = field.known == FieldName::transfer_encoding ||
                        field.known == FieldName::content_length ||
                        field.known == FieldName::expect;
    if (!frames) bytes += field.name + ": " + field.value + "\r\n";
  }
  return bytes + "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
}

void check_plain_form(const Request& request) {
  const std::string bytes = plain(request);
  Limits wide;
  wide.header_bytes = 64 * 1024;
  const Understood again = testing::understand(bytes, {}, wide);
  require(again.requests.size() == 1 && again.refused == 0 && !again.waiting, "one request, plainly written, is one");
  const Request& read = again.requests[0];
  require(read.method == request.method && read.target == request.target && read.path == request.path &&
              read.body == request.body && read.keep_alive == request.keep_alive &&
              read.query.size() == request.query.size(),
          "plainly written it is the same request");
  require(!request.path.empty() && (request.path[0] == '/' || request.path == "*"), "a path begins with a slash");
}

void check(std::string_view bytes) {
  const Limits limits = small();
  const Understood whole = testing::understand(bytes, {}, limits);
  const std::string meaning = testing::describe(whole);
  require(testing::describe(testing::understand(bytes, testing::every_byte(bytes.size()), limits)) == meaning,
          "byte by byte it means the same");
  // Two more cuts that the input itself chooses, or a fuzzer would take for ever.
  const std::size_t hash = std::hash<std::string_view>()(bytes);
  for (const std::size_t at : {hash % (bytes.size() + 1), (hash >> 20) % (bytes.size() + 1)})
    require(testing::describe(testing::understand(bytes, {at}, limits)) == meaning, "cut in two it means the same");
  for (const Request& request : whole.requests) {
    require(request.body.size() <= limits.body_bytes, "a body is within its limit");
    check_plain_form(request);
  }
}

}  // namespace
}  // namespace tidemark::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 4096) tidemark::http::check(tidemark::fuzz::view(data, size));
  return 0;
}
