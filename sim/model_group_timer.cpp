// librdkafka's enable.auto.commit: each member commits by a timer of its own what
// was handed over by then, done or not, for all its partitions at once (kafka.md §1).

#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

void ModelGroup::start_ticking() {
  // Their ticks fall apart: each began when its process did.
  for (int member = 0; member < members_; ++member)
    world_.schedule.after(world_.random.micros(0, traits_.commit_period / std::chrono::microseconds(1)),
                          [this, member, generation = generation_] { tick(member, generation); });
}

void ModelGroup::tick(int member, std::uint64_t generation) {
  // The faults are over: it commits by hand, so that all settles.
  if (generation != generation_ || world_.healing) return;
  for (auto& [place, cursor] : cursors_) {
    if (cursor.member != member || !cursor.resolved || cursor.handed == core::kNoOffset || cursor.handed == cursor.sent) continue;
    world_.counters.count(cursor.handed > cursor.position ? Fault::timer_before_work : Fault::timer_after_work);
    send_commit(place, cursor, cursor.handed, world_.random.skewed(200, 4000));
  }
  world_.schedule.after(traits_.commit_period + world_.random.micros(0, 2000),
                        [this, member, generation] { tick(member, generation); });
}

}  // namespace tidemark::sim
