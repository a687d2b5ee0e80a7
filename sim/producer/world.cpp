#include "world.h"

#include <chrono>
#include <limits>

namespace tidemark::sim::producer {

using std::chrono::milliseconds;
using std::chrono::seconds;

Plan draw_plan(Random& random) {
  Plan plan;
  kafka::ProducerConfig& config = plan.config;
  config.max_batch_bytes = static_cast<std::size_t>(random.between(300, 3'300));
  config.max_request_bytes = 2'000;
  config.max_request_batches = static_cast<std::size_t>(random.between(1, 8));
  config.max_requests_per_broker = static_cast<std::size_t>(random.between(1, 5));
  config.delivery_timeout = random.millis(400, 4'500);
  config.backoff_first = random.millis(5, 20);
  config.backoff_cap = milliseconds(200);
  if (random.chance(250)) {
    config.max_records = static_cast<std::size_t>(random.between(5, 20));
  } else if (random.chance(250)) {
    config.max_bytes = static_cast<std::size_t>(random.between(3'000, 8'000));
  }
  plan.old_brokers = random.chance(200);
  if (!plan.old_brokers && random.chance(500)) {
    config.first_sequence = std::numeric_limits<std::int32_t>::max() - random.small(0, 20);
  }
  plan.topics = random.small(1, 3);
  plan.by_id = !plan.old_brokers && random.chance(650);
  plan.tells_ids = plan.by_id || (!plan.old_brokers && random.chance(500));
  plan.tells_epochs = !plan.old_brokers || random.chance(500);
  plan.names_bad = !plan.old_brokers && random.chance(600);
  plan.in_order = random.chance(500);
  plan.deletes = random.chance(300);
  plan.unclean = random.chance(120);
  plan.stops = random.chance(150);
  plan.denies = random.chance(100);
  plan.fault_every = random.millis(30, 250);
  plan.length = seconds(4);
  plan.replica_timeout = random.millis(60, 300);
  plan.request_timeout = random.millis(250, 700);
  plan.max_batch_bytes = static_cast<std::size_t>(random.between(400, 4'400));
  plan.appends = random.small(30, 110);
  plan.withdrawals = random.small(0, 30);
  return plan;
}

}  // namespace tidemark::sim::producer
