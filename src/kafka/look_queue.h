// Looks that wait and looks under way: what to ask whom next, and the answers.
//
// Every look reads a log, up to many megabytes of it, and they come in bursts: a
// barrier over a topic makes one for each consumer and partition. So a few are
// under way at a time, each with one request; the rest wait, and the last to come
// is refused rather than kept past its bound. Each is answered exactly once, at
// its deadline if nothing else happened: leaders move and brokers vanish meanwhile,
// which is asked for again, and a topic that is deleted and made again under the
// same name is another one, in which there is nothing to be found.
//
// Pure: time comes in, requests and answers go out. Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "core/events.h"
#include "core/time.h"
#include "kafka/look_scan.h"
#include "wire/generated/fetch.h"
#include "wire/generated/list_offsets.h"

namespace tidemark::kafka {

class LookQueue {
 public:
  struct Limits {
    std::size_t open = 64;      // waiting and under way
    std::size_t under_way = 4;
    std::int32_t fetch_bytes = 1 << 20;
    // How long metadata may lack a topic, or a partition, before that is believed.
    core::Duration unknown_grace = std::chrono::seconds(1);
    LookScanLimits scan;
  };
  // Where a partition is; no broker: it has no leader now. Nothing: it does not exist.
  struct Leader {
    std::int32_t broker = -1;
    std::int32_t epoch = -1;
    Uuid topic_id;
  };
  using FindLeader = std::function<std::optional<Leader>(const std::string& topic, core::Partition partition)>;

  using Id = std::uint64_t;
  struct Ask {
    Id id = 0;
    std::int32_t broker = -1;
    std::variant<wire::msg::ListOffsetsRequest, wire::msg::FetchRequest> request;
  };

  LookQueue() = default;
  explicit LookQueue(Limits limits) : limits_(limits) {}

  // Error kind limit: too many are open.
  Result<void> look(core::Look look, core::Time deadline);

  // The requests that are due. Each is to be followed by one of the three below;
  // of a look that was answered meanwhile they are ignored.
  std::vector<Ask> next(const FindLeader& leader, core::Time now);
  void answered(Id id, const wire::msg::ListOffsetsResponse& response, core::Time now);
  void answered(Id id, const wire::msg::FetchResponse& response, core::Time now);
  void failed(Id id, core::Time now);

  // The answers since the last call, those of looks past their deadline included.
  std::vector<core::Sight> take_answers(core::Time now);
  // When next() or take_answers() may have something though nothing happened.
  std::optional<core::Time> next_due() const;
  // Whether metadata was found to be out of date since the last call.
  bool take_metadata_is_old();
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    explicit Entry(LookScan made) : scan(std::move(made)) {}
    LookScan scan;
    core::Time deadline{};
    core::Time not_before{};
    core::Time unknown_since = core::Time::max();
    bool started = false;
    bool asked = false;        // a request is under way
    bool wants_start = false;  // the position was out of range
    int failures = 0;
    std::optional<Uuid> topic_id;
  };
  std::optional<Ask> ask(Id id, Entry& entry, const FindLeader& leader, core::Time now);
  Entry* taken_back(Id id);
  void pause(Entry& entry, core::Time now);
  void trouble(Entry& entry, std::int16_t error, core::Time now);

  Limits limits_;
  Id next_id_ = 1;
  std::map<Id, Entry> entries_;  // in the order in which they came
  bool metadata_is_old_ = false;
};

}  // namespace tidemark::kafka
