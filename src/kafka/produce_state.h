// What the producer keeps of appends, batches, partitions and topics.
//
// An append moves between lists as its fate becomes clearer; which list holds it
// is its state (the table in producer.h), so that nothing can be in two.
//
// Internal to the producer. Threading: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/events.h"
#include "core/time.h"
#include "log/log.h"
#include "wire/record_batch.h"

namespace tidemark::kafka::produce {

struct Batch;
struct PartitionQueue;
struct TopicQueue;
struct Append;
using Appends = std::list<Append>;

struct Append {
  log::AppendId id = 0;
  log::Record record;
  core::Time taken{};     // when append() took it
  std::size_t bytes = 0;  // counted against the bound
  bool withdrawn = false;
  PartitionQueue* partition = nullptr;  // null while none is chosen
  Batch* batch = nullptr;               // null while it is not in one
  Appends* list = nullptr;              // the list that owns it
};

// Records that were handed to the reactor as one; what is in it, its bytes and
// its sequence do not change.
struct Batch {
  PartitionQueue* partition = nullptr;  // null: given up, only its request is still open
  Appends appends;
  std::string bytes;
  wire::ProducerStamp stamp;
  Uuid topic_id;                   // as known when it was first sent
  std::int32_t leader_epoch = -1;  // as known when it was last sent
  core::Offset lowest = 0;         // the lowest offset its first record can have
  bool in_doubt = false;           // an earlier attempt may have been written
  std::optional<std::uint64_t> request;  // the open attempt
  core::Time gives_up{};
};

struct PartitionQueue {
  PartitionQueue(TopicQueue& owner, core::Partition number) : topic(&owner), index(number) {}

  TopicQueue* topic;
  core::Partition index;
  std::int32_t leader = -1;
  std::int32_t leader_epoch = -1;

  Appends queue;                 // placed here, not sent or known not to be written
  std::shared_ptr<Batch> batch;  // the one in flight
  bool listed = false;           // among the producer's busy partitions

  // The producer id generation that next_sequence counts in, and the lowest
  // whose count is not in doubt here.
  std::uint64_t generation = 0;
  std::uint64_t min_generation = 1;
  wire::ProducerStamp stamp;  // base_sequence: of the next batch

  core::Offset end = 0;  // nothing sent from now on can get a lower offset
  std::size_t max_records = 0;  // of the next batch; 0: as many as fit
  int failures = 0;             // in a row, for the pause
  core::Time not_before{};      // the pause's end
  std::string last_error;

  bool has_work() const { return batch || !queue.empty(); }
};

struct TopicQueue {
  explicit TopicQueue(std::string topic_name) : name(std::move(topic_name)) {}

  std::string name;
  Uuid id;
  std::vector<std::unique_ptr<PartitionQueue>> partitions;  // empty until metadata has the topic

  Appends unplaced;  // without key and partition: go to whichever partition is next
  Appends held;      // cannot be placed with the metadata there is
  bool listed = false;  // among the producer's waiting topics
  std::size_t next_partition = 0;
  std::size_t max_batch_bytes = 0;

  // Since when metadata lacks it, while it does.
  std::optional<core::Time> absent_since;
  bool gone = false;         // confirmed
  core::Time ask_again{};    // for metadata, while something waits for it
};

}  // namespace tidemark::kafka::produce
