#include "core/hint.h"

namespace tidemark::core {

std::string text_of(Duration duration) {
  const auto ms = std::chrono::round<std::chrono::milliseconds>(duration).count();
  if (ms < 950) return std::to_string(ms) + " ms";
  const auto tenths = (ms + 50) / 100;
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0 && tenths < 100) text += "." + std::to_string(tenths % 10);
  return text + " s";
}

std::string cure_for(EarlyClient client) {
  std::string cure = "commit after the work";
  if (client == EarlyClient::kafka_go) cure = "use FetchMessage, and CommitMessages after the work, not ReadMessage";
  if (client == EarlyClient::librdkafka) cure = "set enable.auto.offset.store=false and store offsets after the work";
  if (client == EarlyClient::aiokafka) cure = "set enable_auto_commit=False and call commit() after the work";
  // A timer's rhythm stays when what it commits has become honest.
  const bool keeps_rhythm = client == EarlyClient::librdkafka;
  return cure + (keeps_rhythm ? ", and" : ", or") + " declare it with commits: after-processing";
}

namespace {

// Its commit may be there already, and not be seen yet.
std::string seen_late(PositionsBy positions) {
  const std::string late = ", so its commits are asked for and seen late: ";
  switch (positions) {
    case PositionsBy::tail: break;
    case PositionsBy::asked_as_configured: return "kafka.positions is poll" + late + "set it to auto";
    case PositionsBy::asked_as_denied:
      return "__consumer_offsets may not be read" + late + "allow the gateway's user READ and DESCRIBE on that topic";
    case PositionsBy::asked_as_blind:
      return "a part of __consumer_offsets cannot be read" + late +
             "mend what the why of GET /health/ready names, and restart the gateway";
  }
  return {};
}

}  // namespace

std::string hint_for(const Consumer& consumer, const Shown& shown, Gone gone, Duration absent_grace) {
  switch (shown.outcome) {
    case Outcome::skipped:
      if (gone == Gone::recreated) return "the topic was deleted and made again: the event is gone";
      if (gone == Gone::cut_off)
        return "the log was cut off below the event by an unclean leader election; it is lost: publish it again";
      return "the group's position was moved past the event without reading it (a reset, or the log's start)";
    case Outcome::absent:
      return "no members and no commits for " + text_of(absent_grace) + ": start the consumer";
    case Outcome::unanchored:
      return "its first known commit lies above the event, as after a start at latest: declare it with reset: earliest, "
             "or let it commit its position before the event";
    case Outcome::handed_over:
      return "its client commits before the work is done: " + cure_for(consumer.early());
    case Outcome::failed:
      return shown.source == Evidence::Source::share
                 ? "the share group gave the record up: look at its delivery attempts and its dead letters"
                 : "the consumer says that it failed: its reason tells why";
    case Outcome::processed:
    case Outcome::pending:
      break;
  }
  if (shown.outcome == Outcome::pending && shown.reason == PendingReason::ack)
    return "it sends acks and has not acked the event: is it still at work?";
  if (const auto interval = consumer.timer())
    return "commits about every " + text_of(*interval) +
           ": commit after each batch, or set auto.commit.interval.ms lower";
  if (shown.outcome == Outcome::processed) return {};
  switch (shown.reason) {
    case PendingReason::beyond_end:
      return "its latest commit lies beyond the end of the partition and proves nothing: reset the group's offsets";
    case PendingReason::not_started:
      if (consumer.members > 0 && shown.positions != PositionsBy::tail) return seen_late(shown.positions);
      return consumer.members > 0 ? "it has members and has not committed this partition yet"
                                  : "it has never committed this partition: is it running?";
    case PendingReason::lag:
      return consumer.is_empty_group() ? "the group has no members: start the consumer" : seen_late(shown.positions);
    case PendingReason::ack:
    case PendingReason::append:
    case PendingReason::asking_end:
    case PendingReason::upstream:
    case PendingReason::dead_letters:
    case PendingReason::none:
      break;
  }
  return {};
}

}  // namespace tidemark::core
