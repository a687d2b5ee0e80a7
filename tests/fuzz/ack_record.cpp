// A record of the topic of acks, which anybody may write: what is read is within its
// bounds, and written as a gateway writes it, it reads the same.
#include "gateway/ack_record.h"

#include "fuzz.h"

namespace tidemark::gateway {
namespace {

using fuzz::require;

void check(std::string_view value) {
  const Result<AckRecord> read = parse_ack(value);
  if (!read) {
    require(read.error().kind == ErrorKind::corrupt && !read.error().message.empty(), "a refusal says why");
    return;
  }
  const AckRecord& ack = *read;
  require(value.size() <= AckRecord::kMaxBytes, "a value is within its bound");
  require(!ack.consumer.empty() && ack.consumer.size() <= 255, "a consumer has a name");
  require(ack.reason.size() <= AckRecord::kMaxReason, "a reason is within its bound");
  require(!ack.topic.empty() && ack.partition >= 0 && ack.offsets.first >= 0 && ack.offsets.first <= ack.offsets.last,
          "an ack has a place");
  // Written anew, escapes may be longer than they were.
  const std::string written = value_of(ack);
  if (written.size() > AckRecord::kMaxBytes) return;
  const Result<AckRecord> again = parse_ack(written);
  require(again.ok(), "what a gateway writes is read");
  require(again->consumer == ack.consumer && again->topic == ack.topic && again->partition == ack.partition &&
              again->offsets == ack.offsets && again->failed == ack.failed && again->reason == ack.reason,
          "written it reads the same");
  require(key_of(*again) == key_of(ack), "and has the same key");
}

}  // namespace
}  // namespace tidemark::gateway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tidemark::gateway::check(tidemark::fuzz::view(data, size));
  return 0;
}
