// See checker.h.
#include "checker.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace tidemark::test {
namespace {

using What = Interval::What;

// Of one consumer: no more than where and when.
struct Place {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::size_t index = 0;
};

class Judge {
 public:
  Judge(const History& history, const Bounds& bounds) : history_(history), bounds_(bounds) {
    for (std::size_t i = 0; i < history.deeds.size(); ++i) note(history.deeds[i], i);
    for (const LogRecord& record : history.log) {
      if (record.topic == history.topic) by_value_[record.value].push_back(&record);
    }
  }

  Judgement run() {
    for (const Event& event : history_.events) judge_event(event);
    return std::move(judgement_);
  }

 private:
  void note(const Deed& deed, std::size_t index) {
    if (deed.output) {
      outputs_[deed.id].push_back({deed.partition, deed.offset, index});
      return;
    }
    first_done_[deed.consumer].try_emplace(deed.id, index);
    if (deed.topic == history_.derived)
      derived_done_[deed.consumer].try_emplace({deed.partition, deed.offset}, index);
  }

  void judge_event(const Event& event) {
    judge_publish(event);
    judge_call(event, event.publish, true);
    for (const Call& question : event.questions) judge_call(event, question, false);
    judge_mark(event);
  }

  // Whether what the publish said of the append is what the log has.
  void judge_publish(const Event& event) {
    const Said& said = event.publish.said;
    const auto found = by_value_.find(event.value);
    const std::size_t copies = found == by_value_.end() ? 0 : found->second.size();
    if (copies > 1) complain("doubled", event, event.publish, std::to_string(copies) + " copies in the log");
    if (!event.publish.sent_off) {
      if (copies > 0) complain("ghost", event, event.publish, "never sent, and in the log");
      return;
    }
    if (said.status == 0) return;
    if (said.appended == "true") {
      if (copies == 0) return complain("lost", event, event.publish, "no reader from the beginning finds it");
      const LogRecord& record = *found->second.front();
      if (record.id != said.id || record.partition != said.partition || record.offset != said.offset)
        complain("misplaced", event, event.publish, "the log has it at " + place(record));
    } else if (said.appended == "false" && copies > 0) {
      complain("ghost", event, event.publish, "the log has it at " + place(*found->second.front()));
    } else if (said.appended == "unknown" && said.mark.empty()) {
      complain("unresolved", event, event.publish, "unknown without a mark");
    }
  }

  // P4, and whether its outcomes were true when it came.
  void judge_call(const Event& event, const Call& call, bool publish) {
    if (!call.sent_off) return;
    const std::string kind = publish ? "publish " : "mark ";
    if (call.unasked > 0) complain("twice", event, call, std::to_string(call.unasked) + " bytes that nobody asked for");
    if (call.said.status == 0) {
      if (overlap(What::kGatewayAway, call) < 0) complain("unanswered", event, call, "its gateway was there all the time");
      ++judgement_.counts[kind + "unanswered: its gateway went away"];
      return;
    }
    ++judgement_.answers;
    ++judgement_.counts[kind + std::to_string(call.said.status)];
    const std::int64_t paused = std::max<std::int64_t>(0, overlap(What::kGatewayPaused, call));
    // A publish that waits for nobody is given default_wait for its append.
    const std::int64_t wait = publish && call.wait == 0 ? bounds_.append_ms : call.wait;
    const std::int64_t late = call.ended - call.sent - wait - paused;
    judgement_.latest_ms = std::max(judgement_.latest_ms, late);
    if (late > bounds_.late_ms) complain("late", event, call, std::to_string(late) + " ms after its deadline");
    judge_outcomes(event, call, publish);
  }

  void judge_outcomes(const Event& event, const Call& call, bool publish) {
    const Said& said = call.said;
    if (said.status == 200 && publish) {
      for (const std::string& consumer : history_.consumers)
        if (!said.outcomes.contains(consumer)) complain("not-waited-for", event, call, consumer + " is not named");
    }
    for (const auto& [consumer, outcome] : said.outcomes) {
      ++judgement_.counts["outcome " + outcome];
      if (outcome != "processed") continue;
      const std::string lacks = lacking(consumer, id_of(event, said), said.deeds);
      if (lacks.empty()) continue;
      const auto [rule, evidence] = std::pair(lacks.substr(0, lacks.find(':')), lacks.substr(lacks.find(':') + 2));
      if (!publish && reset_unseen(consumer, event, call)) {
        ++judgement_.counts["excused: a reset that no running gateway saw"];
      } else if (rule == "descendant" && moved_meanwhile(history_.writer, call)) {
        ++judgement_.counts["excused: an output of a second reading, after a move"];
      } else {
        complain(rule, event, call, evidence);
      }
    }
  }

  // An answer about a mark does not name the event.
  static const std::string& id_of(const Event& event, const Said& said) {
    return said.id.empty() ? event.publish.said.id : said.id;
  }

  // What `consumer` had not done when `deeds` were done, and it was called processed; empty: nothing.
  std::string lacking(const std::string& consumer, const std::string& id, std::size_t deeds) const {
    const auto done = first_done_.find(consumer);
    const auto first = done == first_done_.end() ? std::unordered_map<std::string, std::size_t>::const_iterator{}
                                                 : done->second.find(id);
    if (done == first_done_.end() || first == done->second.end()) return "early: " + consumer + " never did it";
    if (first->second >= deeds)
      return "early: " + consumer + " did it " + std::to_string(first->second - deeds + 1) + " deeds later";
    const auto reads = history_.reads.find(consumer);
    if (reads == history_.reads.end() || reads->second != history_.derived) return {};
    const auto outputs = outputs_.find(id);
    if (outputs == outputs_.end()) return {};
    for (const Place& output : outputs->second) {
      if (output.index >= deeds) continue;
      const auto& places = derived_done_.at(consumer);
      const auto seen = places.find({output.partition, output.offset});
      if (seen == places.end() || seen->second >= deeds)
        return "descendant: " + consumer + " had not done " + history_.derived + " partition " +
               std::to_string(output.partition) + " offset " + std::to_string(output.offset) + ", deed " +
               std::to_string(output.index) + " of " + std::to_string(deeds);
    }
    return {};
  }

  // P5 and P8: the mark tells in the end, and never less than before.
  void judge_mark(const Event& event) {
    const Said& first = event.publish.said;
    if (first.status == 0 || first.mark.empty() || first.status == 200) return;
    const Call* last = nullptr;
    std::map<std::string, std::string> before = first.outcomes;
    for (const Call& question : event.questions) {
      if (!question.sent_off || question.said.status == 0 || question.said.status == 503) continue;
      last = &question;
      if (question.said.status != 200 && question.said.status != 202 && question.said.status != 504)
        complain("weaker", event, question, "its mark was refused");
      compare(event, question, before);
    }
    if (last == nullptr) return complain("unsettled", event, event.publish, "nobody told where its mark stands");
    if (first.appended == "unknown") return judge_unknown(event, *last);
    if (last->said.status == 202 && !last->said.settled)
      complain("unsettled", event, *last, "all is healed, and its mark is still pending");
  }

  // A processed consumer is processed later too; what is pending may become anything.
  void compare(const Event& event, const Call& question, std::map<std::string, std::string>& before) {
    for (const auto& [consumer, outcome] : question.said.outcomes) {
      std::string& former = before[consumer];
      const bool weaker = former == "processed" && outcome != "processed";
      if (weaker && (moved_since(consumer, event, question) || moved_since(history_.writer, event, question))) {
        ++judgement_.counts["excused: a later answer after a move (P3)"];
      } else if (weaker && outcome == "pending" && overlap(What::kKafkaAway, question) >= 0) {
        // The other gateway read the commit before the broker failed, this one had not. `unsettled` holds it to its last word.
        ++judgement_.counts["excused: pending again while Kafka was away"];
      } else if (weaker) {
        complain("weaker", event, question, consumer + " was processed and is " + outcome);
      }
      former = outcome;
    }
  }

  void judge_unknown(const Event& event, const Call& last) {
    const auto found = by_value_.find(event.value);
    if (found == by_value_.end()) {
      ++judgement_.counts["unknown: not in the log"];
      if (last.said.appended == "true") complain("unresolved", event, last, "found, and no reader from the beginning finds it");
      return;
    }
    ++judgement_.counts["unknown: in the log"];
    const LogRecord& record = *found->second.front();
    if (last.said.appended != "true" || record.partition != last.said.partition || record.offset != last.said.offset)
      return complain("unresolved", event, last, "the log has it at " + place(record));
    if (last.said.status == 202 && !last.said.settled)
      complain("unsettled", event, last, "all is healed, and its mark is still pending");
  }

  // How long `call` was in the kind of interval of its own gateway, or of all; −1 where they do not meet.
  std::int64_t overlap(What what, const Call& call) const {
    std::int64_t sum = -1;
    for (const Interval& interval : history_.intervals) {
      if (interval.what != what || (interval.gateway != call.gateway && interval.gateway != kAllGateways)) continue;
      const std::int64_t common = std::min(interval.end, call.ended) - std::max(interval.begin, call.sent);
      if (common >= 0) sum = std::max<std::int64_t>(sum, 0) + common;
    }
    return sum;
  }

  bool moved(const std::string& consumer, std::int64_t from, std::int64_t to) const {
    return std::any_of(history_.intervals.begin(), history_.intervals.end(), [&](const Interval& interval) {
      return interval.what == What::kMoved && interval.consumer == consumer && interval.begin <= to && interval.end >= from;
    });
  }
  bool moved_since(const std::string& consumer, const Event& event, const Call& until) const {
    return moved(consumer, event.publish.sent, until.ended);
  }
  bool moved_meanwhile(const std::string& consumer, const Call& call) const { return moved(consumer, call.sent, call.ended); }

  // The limit of docs/semantics.md: the position was moved after the publish, and this gateway came up after that.
  bool reset_unseen(const std::string& consumer, const Event& event, const Call& question) const {
    for (const Interval& move : history_.intervals) {
      if (move.what != What::kMoved || move.consumer != consumer || move.end < event.publish.sent) continue;
      for (const Interval& away : history_.intervals)
        if (away.what == What::kGatewayAway && away.gateway == question.gateway && away.end >= move.begin &&
            away.begin <= question.ended)
          return true;
    }
    return false;
  }

  static std::string place(const LogRecord& record) {
    return record.topic + " partition " + std::to_string(record.partition) + " offset " + std::to_string(record.offset) +
           " id " + record.id;
  }

  void complain(const std::string& rule, const Event& event, const Call& call, const std::string& evidence) {
    std::string text = "event \"" + event.value + "\" through gateway " + std::to_string(call.gateway) + ", sent at " +
                       std::to_string(call.sent) + " ms, wait " + std::to_string(call.wait) + " ms, answered at " +
                       std::to_string(call.ended) + " ms with " + std::to_string(call.said.status) + " at deed " +
                       std::to_string(call.said.deeds) + ": " + evidence + "\n    " + call.said.body;
    if (&call != &event.publish) text += "\n    its publish: " + event.publish.said.body;
    judgement_.violations.push_back({rule, std::move(text)});
  }

  const History& history_;
  const Bounds bounds_;
  std::unordered_map<std::string, std::vector<const LogRecord*>> by_value_;
  std::map<std::string, std::unordered_map<std::string, std::size_t>> first_done_;  // consumer → id → index
  std::map<std::string, std::map<std::pair<std::int32_t, std::int64_t>, std::size_t>> derived_done_;
  std::unordered_map<std::string, std::vector<Place>> outputs_;  // by id
  Judgement judgement_;
};

}  // namespace

Judgement judge(const History& history, const Bounds& bounds) { return Judge(history, bounds).run(); }

}  // namespace tidemark::test
