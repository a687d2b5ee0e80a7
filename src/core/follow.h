// What one wait follows: which topics its event can have come to, how far it has
// got with each, and who still has to pass.
//
// Deriving it anew from the needs at every commit would cost as much as the
// topology is large, and could not tell "nothing written yet" from "nothing
// written". So a wait keeps, for each topic of its plan, whether the ends were
// asked for since all its writers were done, and for each reader how much it
// still owes. A topic is asked for once all that write it are done; those that
// feed each other are asked for together, again each time their writers are all
// done with what was found, a bounded number of times.
//
// Private to core; engine_follow.cpp moves it. Threading: none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/answer.h"
#include "core/mark.h"
#include "core/topology.h"

namespace tidemark::core {

// Offsets by partition, shared by all that were made while nothing changed.
using Offsets = std::shared_ptr<const std::vector<Offset>>;

inline Offset offset_at(const Offsets& offsets, std::size_t partition) {
  return offsets != nullptr && partition < offsets->size() ? (*offsets)[partition] : 0;
}

struct Follow {
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Topic {
    enum class Stage : std::uint8_t {
      idle,     // its writers are at work; of a root: nothing is to be asked
      delayed,  // until `due`: its writer writes a while after its commit
      asking,   // its ends are being asked for
    };
    // What was added to a partition since the last pass.
    struct Below {
      Partition partition = 0;
      Range offsets;
      bool first = false;  // no pass covered the partition before
      // The last record with the event's id in it, kNoOffset: none; nothing: not read.
      std::optional<Offset> last_of_event;
    };
    Uuid topic_id;
    Stage stage = Stage::idle;
    bool reached = false;       // some writer of it is waited for
    bool grew = false;          // partitions were added since its ends were asked for
    bool no_step = false;       // this pass is for them alone
    bool asks_itself = false;   // a root in watermark scope: its own ends are asked for first
    bool fenced = false;        // its ends were told at least once
    std::uint16_t passes = 0;   // how often
    std::uint32_t looks = 0;    // for the event's id, under way
    std::vector<Below> below;   // of this pass, while looks are under way
    bool cut = false;           // the bound of passes was reached
    Offsets floors;             // nothing that the event caused lies below; null: not known
    Offsets covered;            // the ends of the last pass; before it the floors
    Offsets known_ends;         // where baselines count: as known when the wait was admitted
    Time due{};
    Time told{};
    std::uint32_t via = kNone;  // the edge that let it be asked for first
  };
  // A consumer at a topic.
  struct Place {
    std::uint32_t topic = 0;
    ConsumerNumber consumer = 0;
    ExpectedBy by = ExpectedBy::observed;
    std::uint32_t open = 0;      // needs without an outcome
    std::uint32_t checking = 0;  // of those, the ones that wait for the dead letters to be read
    bool owed = false;           // needs were added since it was last done
    bool all_processed = true;
    std::uint32_t done = 0;      // how often it was done with all it owed
    Time done_at{};
    // The dead letters of what it has passed.
    enum class Check : std::uint8_t { none, asking, looking, paused };  // paused: until check_due
    Check check = Check::none;
    std::uint32_t check_left = 0;  // questions under way
    bool check_failed = false;     // one could not be answered
    bool given_up = false;         // one was found
    std::string reason;
    Time check_due{};
    std::vector<Anchor> anchors;  // by partition, from a mark
    bool met_later = false;  // nothing told where it stands when the wait was admitted: it has no baseline yet
  };
  // What a place writes.
  struct Edge {
    std::uint32_t place = 0;
    std::uint32_t output = 0;  // topic
    Emits emits = Emits::before_commit;
    Duration within{};
    bool dead_letter = false;
    bool inner = false;        // both ends feed each other
    bool copies_id = false;    // declared, or the event's id was found where only it can have brought it
    std::uint32_t seen = 0;    // of the place's `done`, how many led to a question
    Offsets read_from;         // of dead letters: those of this wait lie above; null: from the log's start
  };

  std::shared_ptr<const Plan> plan;
  std::vector<Topic> topics;  // as plan->nodes
  std::vector<Place> places;
  std::vector<Edge> edges;
  std::vector<Deferred> deferred;
  Uuid id;                       // the event's, where there is only one
  std::uint32_t outstanding = 0; // questions under way: rounds and looks
  std::vector<bool> closed;      // by topic: nothing more can be asked of its readers
  bool complete = false;         // nothing more will be asked or owed

  // Somebody writes something, or is said to.
  bool is_needed() const { return !edges.empty() || !deferred.empty(); }
  std::optional<std::uint32_t> place_of(std::uint32_t topic, ConsumerNumber consumer) const {
    for (std::uint32_t i = 0; i < places.size(); ++i)
      if (places[i].topic == topic && places[i].consumer == consumer) return i;
    return std::nullopt;
  }
};

}  // namespace tidemark::core
