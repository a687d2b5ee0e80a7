// A share group (KIP-932): many members take single records of one partition.
//
// It has no committed offset. A record is handed to a member under a lock; the
// member acknowledges it, releases it, rejects it, or is not heard of again until
// the lock expires. After its last attempt a record is given up (archived). The
// start offset follows when everything below it is acknowledged or given up, and
// is written with the *next* state. A person may set the state up anew while the
// group is empty. A new leader takes the state over as it is, even where the log
// was cut off, and then passes over what has the offsets of what was done before.
//
// The truth: a record is processed when its acknowledgment was accepted.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "model_group.h"

namespace tidemark::sim {

class ModelShareGroup : public ModelGroup {
 public:
  ModelShareGroup(World& world, int number, GroupTraits traits) : ModelGroup(world, number, std::move(traits)) {}

  void start() override { join(traits().members); }
  void disturb() override;
  void administer() override;
  void heal() override;
  void records_appended(int topic, core::Partition partition) override;
  void topic_changed(int topic) override;
  void log_cut(int topic, core::Partition partition, core::Offset end) override;
  void leader_elected(int topic, core::Partition partition) override { wake({topic, partition}); }

  bool given_up(int incarnation, core::Partition partition, core::Offset offset, std::int32_t epoch) const override {
    return given_up_.contains({incarnation, partition, offset, epoch});
  }
  bool passes_over(int incarnation, core::Partition partition, core::Offset offset, std::int32_t epoch) const override {
    return passed_.contains({incarnation, partition, offset, epoch});
  }

 private:
  struct Record {
    enum class State : std::uint8_t { available, acquired, acknowledged, archived };
    State state = State::available;
    int tries = 0;
    std::uint64_t lock = 0;
  };
  struct Part {
    int incarnation = -1;
    std::int32_t epoch = 0;
    std::int32_t leader = -1;  // that took the state over
    core::Offset start = core::kNoOffset;
    std::map<core::Offset, Record> records;  // at or above start, ever handed out
    bool fetching = false;
  };

  void join(int members);
  void leave();
  void assign();
  Part* live(Place place, int incarnation);
  void wake(Place place);
  void fetch(Place place);
  void follow_log_start(Place place, Part& part);
  // A new leader has nobody's locks, and writes the state as it found it.
  void take_over(Place place, Part& part);
  std::vector<core::Offset> acquire(Place place, Part& part, std::uint64_t lock);
  void finish(Place place, int incarnation, const std::vector<core::Offset>& offsets, std::uint64_t lock);
  void expire(Place place, int incarnation, std::uint64_t lock);
  void acknowledge(Place place, Part& part, core::Offset offset, Record& record);
  void release(Place place, Part& part, core::Offset offset, Record& record);
  void archive(Place place, Part& part, core::Offset offset, Record& record);
  // Writes the state, and moves the start behind what is done with.
  void write(Place place, Part& part);
  void set_up_anew();

  int members_ = 0;
  std::uint64_t life_ = 0;  // of the members: what those before had locked is not heard of again
  std::uint64_t next_lock_ = 0;
  std::map<Place, Part> parts_;
  std::set<std::tuple<int, core::Partition, core::Offset, std::int32_t>> given_up_;
  std::set<std::tuple<int, core::Partition, core::Offset, std::int32_t>> passed_;
};

}  // namespace tidemark::sim
