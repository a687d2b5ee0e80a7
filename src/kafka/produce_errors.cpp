// The table. Each row is a case of produce_errors_test.cpp and of
// producer_errors_test.cpp.
#include "kafka/produce_errors.h"

#include "wire/error_codes.h"

namespace tidemark::kafka::produce {
namespace {

using wire::ErrorCode;
using Reason = core::Delivery::Reason;

constexpr ErrorRule resend(bool maybe_written, bool refresh, Reason reason = Reason::unavailable) {
  return {Handling::resend, maybe_written, refresh, reason};
}
constexpr ErrorRule refuse(Reason reason) { return {Handling::refuse, false, false, reason}; }

}  // namespace

ErrorRule error_rule(std::int16_t code) {
  switch (static_cast<ErrorCode>(code)) {
    case ErrorCode::none:
    case ErrorCode::duplicate_sequence_number:  // in the log already
      return {Handling::appended, true, false, Reason::none};

    case ErrorCode::fenced_leader_epoch:
    case ErrorCode::unknown_leader_epoch:
    case ErrorCode::kafka_storage_error:
      return resend(true, true);
    case ErrorCode::request_timed_out:
    case ErrorCode::not_enough_replicas_after_append:
      return resend(true, false);
    case ErrorCode::not_leader_or_follower:  // with a base offset: deposed while the write waited
    case ErrorCode::leader_not_available:
      return resend(false, true);
    case ErrorCode::unknown_topic_or_partition:  // a young topic, or one that is gone: metadata tells
    case ErrorCode::unknown_topic_id:            // a topic made again: metadata tells
    case ErrorCode::inconsistent_topic_id:
      return resend(false, true, Reason::unknown_topic);
    case ErrorCode::not_enough_replicas:
    case ErrorCode::corrupt_message:  // damaged on the way: the checksum is checked before the write
      return resend(false, false);

    case ErrorCode::message_too_large:
    case ErrorCode::record_list_too_large:
      return {Handling::split, false, false, Reason::too_large};
    case ErrorCode::invalid_timestamp:  // by this gateway's clock, so nothing that a publisher could mend
      return {Handling::without_bad, false, false, Reason::internal};
    case ErrorCode::invalid_record:
      return {Handling::without_bad, false, false, Reason::invalid};

    case ErrorCode::topic_authorization_failed:
    case ErrorCode::cluster_authorization_failed:
      return refuse(Reason::forbidden);
    case ErrorCode::invalid_topic_exception:  // an internal topic, or a name that cannot be
    case ErrorCode::unsupported_version:
    case ErrorCode::unsupported_for_message_format:
    case ErrorCode::unsupported_compression_type:
      return refuse(Reason::invalid);

    case ErrorCode::out_of_order_sequence_number:
    case ErrorCode::unknown_producer_id:
    case ErrorCode::invalid_producer_epoch:
      return {Handling::new_producer_id, false, false, Reason::unavailable};

    default:
      return {Handling::give_up, true, true, Reason::internal};
  }
}

std::string error_text(std::int16_t code) {
  if (code == static_cast<std::int16_t>(ErrorCode::invalid_timestamp))
    return "INVALID_TIMESTAMP (the gateway's clock and the broker's differ by more than the topic allows: set them right)";
  const std::string_view known = wire::error_name(code);
  return known == "UNKNOWN_CODE" ? "error " + std::to_string(code) : std::string(known);
}

}  // namespace tidemark::kafka::produce
