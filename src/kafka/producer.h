// What becomes of every event that is to be appended, whatever happens.
//
// A producer that reports "failed" for a lost reply lies in both directions: the
// event may be in the log. So the fate of each append is followed to one of
// three ends, appended, not_appended or unknown, and the first two are said only
// when they are certain (DESIGN P5). Partitions count their batches (kafka.md
// §10), so a batch in doubt can be sent again without being written twice; what
// cannot be decided that way is unknown, and says from which offset to look.
//
// The states of an append. A batch is fixed once sent: its records, bytes and
// sequence stay as they are until the leader refuses it with certainty.
//
//   held       metadata does not have its topic or its partition
//   unplaced   has no key and no partition; the next free partition takes it
//   queued     belongs to a partition; nothing of it was written
//   sent       in a batch, its first attempt is open
//   in doubt   in a batch, some attempt may have been written; it is sent again
//              with the same sequence until the leader tells
//
//   state      | event                                      | next
//   -----------+--------------------------------------------+---------------------------------
//   held       | metadata has the topic and partition       | unplaced or queued
//              | fresh metadata lacks the topic             | not_appended, unknown_topic
//              | fresh metadata lacks the partition         | not_appended, invalid
//   unplaced   | a partition with a leader is free          | queued there, then sent
//   queued     | nothing in flight, leader, producer id     | sent
//   held,      | withdrawn                                  | not_appended, timeout
//   unplaced,  | delivery timeout since append()            | not_appended, timeout
//   queued     | stopped at the bound                       | not_appended, unavailable
//              | topic gone, or denied                      | not_appended
//   sent,      | success, base offset >= 0                  | appended
//   in doubt   | success or duplicate, base offset −1       | unknown: in the log, nobody says where
//              | success below the lowest possible offset   | unknown: in another log than is known
//              | delivery timeout since first sent          | unknown + new producer id
//              | stopped at the bound                       | unknown
//              | withdrawn                                  | unknown for the caller; goes on
//              | topic made again (other id)                | unknown + new producer id
//              | code not in produce_errors.cpp             | unknown + new producer id
//   sent       | not sent after all                         | queued, in front
//              | no answer, or refused but maybe written    | in doubt
//              | refused before the write, may work later   | queued, in front, after a pause
//              | too large, several records                 | queued, in front; smaller batches
//              | too large, alone                           | not_appended, too_large
//              | bad records named                          | those not_appended, others queued
//              | bad records not named, several             | queued, in front; halved
//              | refused for good                           | not_appended
//              | sequence or producer id not accepted       | queued, in front + new producer id
//   in doubt   | no answer, or a refusal that may pass      | in doubt
//              | refused for good, too large, bad records,  |
//              |   sequence or producer id not accepted     | unknown + new producer id
//              | topic gone                                 | unknown
//
//   A withdrawn append that comes back to the queue is dropped: its caller has
//   left with "unknown", and now it is certain. "+ new producer id": the count of
//   that partition is in doubt, so it starts again under another id; the other
//   partitions go on with theirs until the new one is there.
//
// Group commit: one batch per partition is in flight, what arrives meanwhile
// goes into the next, and flush() sends all that can go. No clock, socket or
// thread: inputs are told the time, outputs are collected as ProduceEffects.
//
// Not seen: a topic deleted and made again under the same name between two
// metadata answers, where the broker is too old to be asked by topic id (before
// Produce v13) and the new topic already has more than the old one was known to
// have; its success is reported under the old id. And where brokers tell no topic
// ids (before 2.8), old news of fewer partitions looks like a topic made again: what
// is in flight ends as unknown, and the rest is placed anew, perhaps in another
// order.
//
// Threading: a plain value; all calls from one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "core/events.h"
#include "core/time.h"
#include "kafka/produce_errors.h"
#include "kafka/produce_state.h"
#include "log/log.h"
#include "wire/client_metadata.h"
#include "wire/generated/produce.h"
#include "wire/record_batch.h"

namespace tidemark::kafka {

struct ProducerConfig {
  // Appends without an end, and their bytes; append() refuses above. The encoded
  // batches in flight come on top, at most as much again.
  std::size_t max_records = 100'000;
  std::size_t max_bytes = std::size_t{64} << 20;
  // Of an encoded batch, until a broker says that it is too much for a topic. A
  // record that is larger goes alone, and the broker decides.
  std::size_t max_batch_bytes = std::size_t{1} << 20;
  // Of all batches in one request; a batch that is larger goes alone.
  std::size_t max_request_bytes = std::size_t{8} << 20;
  std::size_t max_request_batches = 1024;
  // Open to one broker at a time.
  std::size_t max_requests_per_broker = 5;
  // From append() to being sent, and again from being sent to an end.
  core::Duration delivery_timeout = std::chrono::seconds(120);
  // Between attempts: doubling, each drawn from its upper half.
  core::Duration backoff_first = std::chrono::milliseconds(20);
  core::Duration backoff_cap = std::chrono::seconds(1);
  // How long metadata may lack a topic before that is believed: brokers learn of
  // a new topic one after the other.
  core::Duration unknown_topic_grace = std::chrono::milliseconds(100);
  // Where a partition's sequence begins; brokers accept any. Not 0 only to test
  // that it wraps.
  std::int32_t first_sequence = 0;
};

// What the owner is to do. Views are valid until the producer's next call.
struct ProduceEffects {
  struct Part {
    std::string_view topic;
    Uuid topic_id;
    core::Partition partition = 0;
    std::string_view batch;  // encoded
  };
  // A Produce request with acks=all. Parts of one topic are neighbours. Ends in
  // answered() or request_failed() with the same number.
  struct Send {
    std::uint64_t request = 0;
    std::int32_t broker = -1;
    std::vector<Part> parts;
  };
  struct Delivered {
    log::AppendId id = 0;
    core::Delivery delivery;
  };
  std::vector<Send> sends;
  std::vector<Delivered> deliveries;
  bool ask_producer_id = false;   // ends in producer_id() or producer_id_failed()
  bool refresh_metadata = false;  // ends in metadata_refreshed()
};

class Producer {
 public:
  // `random`: 64 uniform random bits a call.
  Producer(ProducerConfig config, std::function<std::uint64_t()> random);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Takes a record; it will end in a delivery or in withdraw(). Errors: limit
  // (too many records or bytes), invalid (a name or partition that cannot be, an
  // id in use), unavailable (after refuse_appends).
  Result<void> append(log::AppendId id, log::Record record, core::Time now);
  // As log::Log::withdraw.
  std::optional<core::Delivery> withdraw(log::AppendId id);

  // The latest metadata, whenever it changed. Not null.
  void metadata(std::shared_ptr<const wire::Metadata> metadata, core::Time now);
  // The answer to refresh_metadata: `ok` when metadata() has been given what a
  // broker answered after the question.
  void metadata_refreshed(bool ok, core::Time now);
  void producer_id(std::int64_t id, std::int16_t epoch, core::Time now);
  // `code`: Kafka's, 0 when there was no answer.
  void producer_id_failed(std::int16_t code, const std::string& why, core::Time now);

  void answered(std::uint64_t request, const wire::msg::ProduceResponse& response, core::Time now);
  // `maybe_sent`: the broker may have got the request, or may yet.
  void request_failed(std::uint64_t request, bool maybe_sent, const Error& why, core::Time now);
  // A broker that could not be reached can be: no need to sit out the pause.
  void broker_ready(std::int32_t broker);
  // A high watermark asked for and answered before now: what is sent from now on
  // is not below it.
  void high_watermark(std::string_view topic, const Uuid& topic_id, core::Partition partition, core::Offset offset);

  // Ends what is overdue and makes requests of all that can go. Call at
  // next_wake(), and once after any number of other calls.
  void flush(core::Time now);

  // append() refuses from now on.
  void refuse_appends() { refusing_ = true; }
  // Ends every append: what was not sent is not_appended, the rest unknown.
  void abandon(const std::string& why);

  // When flush() has something to do next; nothing when only another input can
  // change anything.
  std::optional<core::Time> next_wake() const;

  // What the calls since the last one ask for. Sends come first, then the rest.
  ProduceEffects take_effects() { return std::exchange(effects_, {}); }

  // Appends without an end, withdrawn ones included while their batch goes on.
  std::size_t open_records() const { return records_; }
  std::size_t open_bytes() const { return bytes_; }

 private:
  using Append = produce::Append;
  using Appends = produce::Appends;
  using Batch = produce::Batch;
  using PartitionQueue = produce::PartitionQueue;
  using TopicQueue = produce::TopicQueue;
  using PartResponse = wire::msg::ProduceResponse::PartitionProduceResponse;
  using Reason = core::Delivery::Reason;
  struct Request {
    std::int32_t broker = -1;
    std::vector<std::shared_ptr<Batch>> batches;
  };
  struct Building;

  // producer.cpp: taking, ending and withdrawing appends; time.
  void move(Appends& from, Appends::iterator append, Appends& to, Appends::iterator before);
  void erase(Appends::iterator append);
  void deliver(Appends::iterator append, core::Delivery delivery);
  void refuse(Appends::iterator append, Reason reason, const std::string& why);
  void refuse_all(Appends& appends, Reason reason, const std::string& why);
  core::Delivery unknown(const Batch& batch, Reason reason, const std::string& why) const;
  void expire(Appends& appends, core::Time now, const std::string& last_error);
  void expire_all(core::Time now);
  void list(PartitionQueue& partition);
  void list(TopicQueue& topic);
  core::Duration pause(int failures);
  void pause_partition(PartitionQueue& partition, core::Time now);

  // produce_metadata.cpp: where appends go.
  TopicQueue& topic_queue(const std::string& name, core::Time now);
  void apply(TopicQueue& topic, core::Time now);
  void apply_partitions(TopicQueue& topic, const wire::TopicInfo& info);
  void make_again(TopicQueue& topic, const wire::TopicInfo& info);
  void place(TopicQueue& topic, Appends& from, Appends::iterator append);
  void place_held(TopicQueue& topic);
  bool wants_metadata(const TopicQueue& topic) const;
  void judge(TopicQueue& topic);
  void lose(TopicQueue& topic);
  void clear_partitions(TopicQueue& topic);
  void forget_gone_topics();
  void want_refresh(core::Time now);
  void want_producer_id(core::Time now);

  // produce_flush.cpp: batches and requests.
  void spread(TopicQueue& topic, core::Time now);
  PartitionQueue* next_free(TopicQueue& topic, bool shared, core::Time now);
  bool reachable(const PartitionQueue& partition) const;
  bool may_send(PartitionQueue& partition, core::Time now);
  bool form_batch(PartitionQueue& partition, core::Time now);
  ProduceEffects::Send* open_send(std::int32_t broker, std::size_t bytes, Building& building);
  void send(PartitionQueue& partition, ProduceEffects::Send& into);
  bool has_room(std::int32_t broker) const;

  // produce_answers.cpp: what a batch's attempt says of it.
  void settle(Batch& batch, const PartResponse& answer, core::Time now);
  void settle_error(PartitionQueue& partition, const PartResponse& answer, core::Time now);
  void settle_doubtful(PartitionQueue& partition, const PartResponse& answer, const produce::ErrorRule& rule,
                       core::Time now);
  void appended(PartitionQueue& partition, const PartResponse& answer, core::Time now);
  void appended_elsewhere(PartitionQueue& partition, const PartResponse& answer, core::Time now);
  void end_unknown(PartitionQueue& partition, Reason reason, const std::string& why, bool new_id);
  void refuse_batch(PartitionQueue& partition, Reason reason, const std::string& why);
  void refuse_bad(PartitionQueue& partition, const PartResponse& answer, Reason reason);
  void requeue(PartitionQueue& partition);
  void distrust_count(PartitionQueue& partition);
  void no_answer(Batch& batch, bool maybe_sent, const std::string& why, core::Time now);
  void pause_or_follow(PartitionQueue& partition, const PartResponse& answer, core::Time now);
  std::shared_ptr<Batch> detach(PartitionQueue& partition);
  std::optional<Request> close_request(std::uint64_t number);

  const ProducerConfig config_;
  const std::function<std::uint64_t()> random_;
  ProduceEffects effects_;
  bool refusing_ = false;
  core::Time now_{};  // of the last flush()

  std::unordered_map<log::AppendId, Appends::iterator> index_;  // not the withdrawn
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;

  std::unordered_map<std::string, std::unique_ptr<TopicQueue>> topics_;
  std::vector<PartitionQueue*> busy_;   // with work
  std::vector<TopicQueue*> waiting_;    // with appends held or unplaced, or absent
  std::size_t first_busy_ = 0;          // where the next flush begins, to be fair

  std::shared_ptr<const wire::Metadata> metadata_;
  bool refreshing_ = false;
  bool refresh_again_ = false;
  core::Time refresh_asked_{};
  std::optional<core::Time> fresh_;  // the metadata is at least this new

  wire::ProducerStamp identity_;
  std::uint64_t generation_ = 0;  // of identity_; 0: none yet
  // Partitions whose counts were thrown away had counted up to this generation:
  // beginning again at 0 under it could be taken for a repeat of an old batch.
  std::uint64_t forgotten_generation_ = 0;
  bool asking_id_ = false;
  int id_failures_ = 0;
  core::Time id_not_before_{};
  bool id_wanted_ = false;

  std::unordered_map<std::uint64_t, Request> requests_;
  std::unordered_map<std::int32_t, std::size_t> open_requests_;  // by broker
  std::uint64_t last_request_ = 0;
  wire::RecordBatchBuilder builder_;
  std::vector<wire::RecordHeader> headers_;  // of one record, while it is encoded
};

}  // namespace tidemark::kafka
