// What is refused of a chunked body before the parser's opinion counts: strict.h, of
// the part behind the head.
//
// Beast decodes chunks, and is lenient with what stands between them: white space around
// an extension, folded trailer fields. And it refuses when it has a whole line, so that
// what a bad stream is refused for depended on where its bytes were cut. Here each byte
// is judged as it comes, and the limits are kept, by the grammar of RFC 9112 §7.1 with
// every leniency turned off:
//   chunk-size  1 to 16 hexadecimal digits
//   chunk-ext   *( ";" token [ "=" ( token / quoted-string ) ] ), without white space
//   trailer     as header fields are
//
// Pure: bytes in, a verdict out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/limits.h"
#include "http/problem.h"

namespace tidemark::http {

class ChunkScanner {
 public:
  enum class Verdict { need_more, complete, refused };

  // `limits` must outlive the scanner.
  explicit ChunkScanner(const Limits& limits) : limits_(limits) {}

  // Looks at the bytes that follow those already seen and sets `used` to how many of
  // them belong to the body. Not to be called again after `complete` or `refused`.
  Verdict scan(std::string_view bytes, std::size_t& used);

  // Precondition: scan() said refused.
  const Problem& problem() const { return *problem_; }

 private:
  enum class State {
    size,
    extension_name,   // behind ';'
    extension_value,  // in a name or in a value that is a token
    extension_equals,
    quoted,
    escaped,
    quoted_end,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    complete
  };

  bool step(char c);
  bool step_size(char c);
  bool step_extension(char c);
  bool step_trailer(char c);
  bool end_of_name(char c);
  bool refuse(const ProblemKind& kind, const char* detail);

  const Limits& limits_;
  State state_ = State::size;
  int digits_ = 0;
  std::uint64_t size_ = 0;  // of this chunk; then what is left of it
  std::uint64_t body_ = 0;  // of all chunks so far
  bool has_value_ = false;  // the extension: '=' was there
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace tidemark::http
