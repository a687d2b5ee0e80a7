// Those who publish, and those who hold marks.
//
// A publisher asks any gateway; whoever holds a mark asks any other, later, once
// or again, alone or merged with another mark, after the gateway that made it is
// gone. Clients pass marks on as text, as real ones do. Others wait for what they
// did not publish: whole topics, and positions of other producers (barriers).
//
// Threading: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/engine.h"
#include "stake.h"

namespace tidemark::sim {

struct World;
class ModelGateway;
class ModelGroup;
struct BarrierSpec;

class Clients {
 public:
  explicit Clients(World& world) : world_(world) {}

  void start();
  // The faults are over: every mark that is still held is resumed once more,
  // and events go to every partition, so that every consumer has reason to commit.
  void heal();
  // An answer with a mark, and what that mark stands for.
  void received(const ModelGateway& gateway, const core::Answer& answer, std::vector<Stake> stakes);

 private:
  struct HeldMark {
    std::string text;
    std::vector<Stake> stakes;
    int gateway = 0;
    std::uint64_t life = 0;
    bool settled = false;
    bool pending = false;
  };
  static constexpr std::size_t kMarks = 24;

  void publish_again();
  // In step with a consumer's timer: model_clients_step.cpp.
  const ModelGroup* timed_group() const;
  void step();
  void publish();
  void publish_to(ModelGateway& gateway, const std::string& topic, std::optional<core::Partition> partition,
                  core::Duration wait);
  void resume(HeldMark held);
  // `healed`: how long it waits once the faults are over.
  void barrier(core::Duration healed = std::chrono::seconds(25));
  void add_topic(const ModelGateway& gateway, int topic, BarrierSpec& spec);
  void add_position(const ModelGateway& gateway, int topic, BarrierSpec& spec);
  // In each partition a transaction, aborted: the log ends in what nobody sees.
  void end_unseen();
  ModelGateway* any_gateway();
  void count_refusal(const core::Refusal& refusal);

  World& world_;
  std::vector<HeldMark> marks_;
  std::optional<Uuid> step_;      // the event that the next one follows
  std::uint64_t steps_ = 0;
};

}  // namespace tidemark::sim
