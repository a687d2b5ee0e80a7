// Who publishes, waits, keeps marks and takes them up again; and everybody else
// who writes to the same topics.
//
// Ownership: the world owns it. Threading: none.
#pragma once

#include <vector>

#include "stake.h"
#include "world.h"

namespace tidemark::sim::derived {

class Clients {
 public:
  explicit Clients(World& world) : world_(world) {}

  void start();
  // From now on every wait must be settled long before its deadline.
  void heal();
  bool all_answered() const;
  void appended(const Uuid& id, int record);
  void answered(Gateway& gateway, const std::vector<Stake>& stakes, core::Scope scope, const core::Answer& answer,
                bool settles);

 private:
  struct Kept {
    core::Mark mark;
    std::vector<Stake> stakes;
    int gateway = 0;
  };
  Gateway* any_gateway();
  void publish_again();
  void publish(bool must_settle);
  void barrier(bool must_settle);
  void resume(Kept kept, core::Duration wait, bool must_settle);
  void others_again();
  void write_other();

  World& world_;
  std::vector<Kept> kept_;
  int to_come_ = 0;  // requests of the healed world
};

}  // namespace tidemark::sim::derived
