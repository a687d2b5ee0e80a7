// A gateway before a partition whose leaders change.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/engine_fixture.h"

namespace tidemark::core {

inline constexpr Offset kEnd = Gateway::kEnd;

inline Delivery appended(Offset offset, std::int32_t epoch) {
  Delivery delivery;
  delivery.fate = Delivery::Fate::appended;
  delivery.partition = 0;
  delivery.topic_id = Gateway::topic_id(1);
  delivery.offset = offset;
  delivery.leader_epoch = epoch;
  return delivery;
}

// A gateway whose partition 0 of "orders" ends at kEnd, under leader epoch 5.
struct CutGateway : Gateway {
  explicit CutGateway(EngineConfig config = {}) : Gateway(std::move(config)) {
    start();
    members("views", 1);
    commit("views", 0, kEnd - 1);
    commit("views", 0, kEnd);
  }
  void tell(Offset high_watermark, std::int32_t epoch, std::uint64_t number) {
    tell(high_watermark, epoch, number, -1, kNoOffset);
  }
  // With the answer where `asked_epoch` ended.
  void tell(Offset high_watermark, std::int32_t epoch, std::uint64_t number, std::int32_t asked_epoch, Offset epoch_end) {
    Ends e;
    e.epoch = asked_epoch;
    e.epoch_end = epoch_end;
    e.topic = "orders";
    e.partition = 0;
    e.high_watermark = high_watermark;
    e.leader_epoch = epoch;
    e.asked = number;
    engine().ends(e, now, effects);
    collect();
  }
  // The partition has a new leader; what the engine asks then is answered with `end`.
  void elect(std::int32_t epoch, Offset end) {
    asked();
    tell(kNoOffset, epoch, 0);
    std::vector<AskEnds> asks = asked();
    std::erase_if(asks, [](const AskEnds& ask) { return ask.log_start; });
    ASSERT_EQ(asks.size(), 1U) << "a new leader is asked for its end";
    tell(end, epoch, asks.front().number);
  }
  WaitId append_at(Offset offset, std::int32_t epoch, bool wait = true) {
    PublishRequest r = request();
    r.wait = wait;
    const WaitId id = publish(r);
    deliver(id, appended(offset, epoch));
    return id;
  }
  // The group's commit names the leader epoch of what it read last.
  void commit_of(std::int32_t epoch, Offset offset) {
    Commit c;
    c.group = "views";
    c.topic = "orders";
    c.offset = offset;
    c.leader_epoch = epoch;
    c.at = {0, record++};
    c.settled_at = c.at.offset;
    commit(c);
  }
  void collect() { advance({}); }
};

}  // namespace tidemark::core
