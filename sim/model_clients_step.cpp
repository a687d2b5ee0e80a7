// A publisher in step with a consumer's timer: it sends its next event so long after the
// last answer as the timer's interval or a little less, so that each of its events is
// committed a moment after it was appended, done or not. Nobody else publishes.

#include <algorithm>

#include "model_clients.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

const ModelGroup* Clients::timed_group() const {
  const auto found = std::find_if(world_.groups.begin(), world_.groups.end(), [](const auto& group) {
    return group->traits().rdkafka && group->traits().commits_early;
  });
  return found == world_.groups.end() ? nullptr : found->get();
}

void Clients::step() {
  if (world_.healing) return;
  const GroupTraits& traits = timed_group()->traits();
  const core::Duration patience = 3 * traits.commit_period;
  bool sent = false;
  if (ModelGateway& gateway = *world_.gateways.front(); gateway.alive()) {
    PublishSpec spec;
    spec.topic = world_.log.name(traits.topics.front());
    spec.partition = 0;
    spec.id = world_.random.uuid();
    spec.wait = patience;
    spec.only.push_back(traits.name);  // the others may take longer
    step_ = spec.id;
    sent = std::holds_alternative<core::WaitId>(gateway.publish(spec));
    if (sent) world_.counters.count(Fault::published_in_step);
  }
  // Where no answer comes.
  world_.schedule.after(sent ? 2 * patience : traits.commit_period, [this, at = ++steps_] {
    if (at == steps_) step();
  });
}

}  // namespace tidemark::sim
