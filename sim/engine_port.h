// The only way from the model to the engine: counted, and recorded on demand.
//
// The simulator's own speed says little about core's, because models and checker
// take most of a run. So the calls of a run can be kept, with everything they
// point to, and played back into a fresh engine with nothing around it: the same
// calls give the same effects, and the clock then measures core alone.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ack_log.h"
#include "core/engine.h"
#include "share_log.h"

namespace tidemark::sim {

// Calls of one engine's life, in order.
struct Recording {
  core::EngineConfig config;
  std::vector<std::function<void(core::Engine&, core::Effects&)>> calls;
};

class EnginePort {
 public:
  EnginePort(core::EngineConfig config, Recording* recording) : engine_(config), recording_(recording) {
    if (recording_ != nullptr) recording_->config = std::move(config);
  }

  auto publish(const core::PublishRequest& request, std::vector<std::string> only, core::Time now,
               core::Effects& effects) {
    if (recording_ != nullptr)
      record([owned = request, topic = std::string(request.topic), only](core::Engine& e, core::Effects& out) mutable {
        owned.topic = topic;
        owned.only = only;
        e.publish(owned, owned.began, out);
      });
    ++events_;
    return engine_.publish(request, now, effects);
  }
  auto resume(const core::ResumeRequest& request, std::vector<std::string> only, core::Time now,
              core::Effects& effects) {
    if (recording_ != nullptr)
      record([owned = request, only](core::Engine& e, core::Effects& out) mutable {
        owned.only = only;
        e.resume(owned, owned.began, out);
      });
    ++events_;
    return engine_.resume(request, now, effects);
  }
  auto barrier(const core::BarrierRequest& request, const std::vector<std::string>& topics,
               const std::vector<core::PositionRequest>& positions, core::Time now, core::Effects& effects) {
    if (recording_ != nullptr)
      record([owned = request, topics, positions](core::Engine& e, core::Effects& out) mutable {
        owned.topics = topics;
        owned.positions = positions;
        e.barrier(owned, owned.began, out);
      });
    ++events_;
    return engine_.barrier(request, now, effects);
  }
  void ack(const AckRecord& ack, core::Time now, core::Effects& effects) {
    run([=](core::Engine& e, core::Effects& out) { e.ack(ack.ack(), now, out); }, effects);
  }
  void share(const ShareRecord& state, const std::string& group, const std::string& topic, const Uuid& topic_id,
             core::Time now, core::Effects& effects) {
    run([=](core::Engine& e, core::Effects& out) {
      core::ShareProgress progress;
      progress.group = group;
      progress.topic = topic;
      progress.topic_id = topic_id;
      progress.partition = state.partition;
      progress.state_epoch = state.state_epoch;
      progress.leader_epoch = state.leader_epoch;
      progress.start = state.start;
      progress.acknowledged = state.acknowledged;
      progress.archived = state.archived;
      progress.at = state.at;
      e.share(progress, now, out);
    }, effects);
  }
  void cancel(core::WaitId wait) {
    run([wait](core::Engine& e, core::Effects&) { e.cancel(wait); }, nothing_);
  }
  void delivered(core::WaitId wait, const core::Delivery& delivery, core::Time now, core::Effects& effects) {
    run([=](core::Engine& e, core::Effects& out) { e.delivered(wait, delivery, now, out); }, effects);
  }
  void commit(const core::Commit& commit, core::Time now, core::Effects& effects) {
    if (recording_ != nullptr)
      record([owned = commit, group = std::string(commit.group), topic = std::string(commit.topic),
              done = std::vector<core::Range>(commit.done_above.begin(), commit.done_above.end()), now](
                 core::Engine& e, core::Effects& out) mutable {
        owned.done_above = done;
        owned.group = group;
        owned.topic = topic;
        e.commit(owned, now, out);
      });
    ++events_;
    engine_.commit(commit, now, effects);
  }
  void rows(const std::string& group, std::uint64_t number, const std::vector<core::SeedRow>& rows, core::Time now,
            core::Effects& effects) {
    run([=](core::Engine& e, core::Effects& out) { e.rows({group, number, rows}, now, out); }, effects);
  }
  void seed(const std::string& group, const core::TailPositions& as_of, const std::vector<core::SeedRow>& rows,
            core::Time now, core::Effects& effects) {
    run([=](core::Engine& e, core::Effects& out) { e.seed({group, as_of, rows}, now, out); }, effects);
  }
  void group(const core::GroupState& state, const std::string& name, const std::vector<std::string>& topics,
             const std::string& client, core::Time now, core::Effects& effects) {
    const std::vector<std::string> ids(state.ids.begin(), state.ids.end());
    run([=](core::Engine& e, core::Effects& out) {
      core::GroupState owned = state;
      owned.group = name;
      owned.topics = topics;
      owned.client = client;
      owned.ids = ids;
      e.group(owned, now, out);
    }, effects);
  }
  void group_changed(const core::GroupChange& change, const std::string& group, const std::string& member) {
    run([=](core::Engine& e, core::Effects&) {
      core::GroupChange owned = change;
      owned.group = group;
      owned.member = member;
      e.group_changed(owned);
    }, nothing_);
  }
  void topics(const std::vector<core::TopicState>& topics, core::Time now, core::Effects& effects) {
    run([=](core::Engine& e, core::Effects& out) { e.topics(topics, now, out); }, effects);
  }
  void sight(const core::Sight& sight, core::Time now, core::Effects& effects) {
    run([=](core::Engine& e, core::Effects& out) { e.sight(sight, now, out); }, effects);
  }
  void ends(const core::Ends& ends, const std::string& topic, core::Time now, core::Effects& effects) {
    run([=](core::Engine& e, core::Effects& out) {
      core::Ends owned = ends;
      owned.topic = topic;
      e.ends(owned, now, out);
    }, effects);
  }
  void synced(core::Time now) {
    run([now](core::Engine& e, core::Effects&) { e.synced(now); }, nothing_);
  }
  void lost(core::Time now) {
    run([now](core::Engine& e, core::Effects&) { e.lost(now); }, nothing_);
  }
  void drain(core::Time by) {
    run([by](core::Engine& e, core::Effects&) { e.drain(by); }, nothing_);
  }
  void tick(core::Time now, core::Effects& effects) {
    run([now](core::Engine& e, core::Effects& out) { e.tick(now, out); }, effects);
  }

  const core::Engine& engine() const { return engine_; }
  std::uint64_t events() const { return events_; }

 private:
  template <class Call>
  void run(Call call, core::Effects& effects) {
    ++events_;
    call(engine_, effects);
    if (recording_ != nullptr) record(std::move(call));
  }
  template <class Call>
  void record(Call call) {
    recording_->calls.emplace_back(std::move(call));
  }

  core::Engine engine_;
  Recording* recording_;
  core::Effects nothing_;
  std::uint64_t events_ = 0;
};

}  // namespace tidemark::sim
