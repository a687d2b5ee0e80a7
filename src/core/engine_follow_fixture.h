// Tests of waits through derived topics: a gateway that knows a few topics, whose
// ends are told by hand.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_fixture.h"

namespace tidemark::core {

using namespace std::chrono_literals;

// "enricher" reads orders and writes enriched, which "views" reads. Each topic
// has two partitions; their ends are 100 when the publish is admitted.
class FollowTest : public ::testing::Test {
 protected:
  static EngineConfig config() {
    EngineConfig config;
    config.outputs = {{"enricher", "orders", "enriched"}};
    return config;
  }
  explicit FollowTest(EngineConfig settings = config(), std::vector<std::string> topics = {"orders", "enriched"})
      : gateway(settings), names(std::move(topics)) {
    start(gateway);
  }
  void start(Gateway& g) {
    list(g);
    for (const std::string& name : names)
      for (Partition p = 0; p < 2; ++p) g.ends(name, p, 100, 1'000'000);
    g.engine().synced(g.now);
    g.asked();
  }
  void list(Gateway& g) {
    std::vector<TopicState> listed;
    for (std::size_t i = 0; i < names.size(); ++i)
      listed.push_back({names[i], Gateway::topic_id(static_cast<std::uint8_t>(i + 1)), partitions});
    g.list(listed);
  }
  // A group that has read everything.
  void reader(const std::string& group, const std::vector<std::string>& topics) { reader(gateway, group, topics); }
  void reader(Gateway& g, const std::string& group, const std::vector<std::string>& topics) {
    g.members(group, 1, topics);
    for (const std::string& topic : topics)
      for (Partition p = 0; p < 2; ++p) g.commit(group, p, 100, topic);
  }
  // Answers every question about the topic: these are the ends of its partitions.
  std::size_t tell(const std::string& topic, const std::vector<Offset>& ends) { return tell(gateway, topic, ends); }
  static std::size_t tell(Gateway& g, const std::string& topic, const std::vector<Offset>& ends) {
    std::size_t answered = 0;
    const std::vector<AskEnds> asked = g.asked();
    for (const AskEnds& ask : asked) {
      if (ask.topic != topic) {
        g.effects.asks.push_back(ask);
        continue;
      }
      ++answered;
      g.ends(topic, ask.partition, ends.at(static_cast<std::size_t>(ask.partition)), ask.number);
    }
    return answered;
  }
  std::size_t questions(const std::string& topic) const {
    std::size_t count = 0;
    for (const AskEnds& ask : gateway.effects.asks) count += ask.topic == topic;
    return count;
  }
  static const ConsumerOutcome& of(const Answer& answer, const std::string& name) {
    static const ConsumerOutcome kNone;
    for (const ConsumerOutcome& consumer : answer.consumers)
      if (consumer.name == name) return consumer;
    ADD_FAILURE() << "no " << name;
    return kNone;
  }
  // The looks by origin that are open, taken out.
  std::vector<Look> origins(Gateway& g) {
    std::vector<Look> looks;
    std::erase_if(g.effects.looks, [&](const Look& look) {
      if (!look.origin) return false;
      looks.push_back(look);
      return true;
    });
    return looks;
  }
  void see(const Look& look, Offset first = kNoOffset, Offset last = kNoOffset, const std::string& reason = {}) {
    Sight sight;
    sight.number = look.number;
    sight.result = first == kNoOffset ? Sight::Result::none : Sight::Result::found;
    sight.offset = first;
    sight.last = last == kNoOffset ? first : last;
    sight.complete = true;
    sight.reason = reason;
    gateway.sight(sight);
  }

  Gateway gateway;
  std::vector<std::string> names;
  Partition partitions = 2;
};

}  // namespace tidemark::core
