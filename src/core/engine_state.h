// The engine's tables and the few moves that all its calls are made of.
//
// Private to core: engine.cpp has publishes and time, engine_resume.cpp marks
// and the search for pending appends, engine_barrier.cpp barriers, engine_end_look.cpp
// what can be seen below an end, engine_log.cpp what the log tells, engine_log_start.cpp
// log starts that rise above a position, engine_ack.cpp what consumers say themselves,
// engine_needs.cpp where a need stands, engine_answer.cpp how a wait is answered,
// engine_view.cpp what people are shown. The moves: register a need, settle it,
// advance a cell, answer a wait.
#pragma once

#include <optional>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "core/consumers.h"
#include "core/engine.h"
#include "core/expectation.h"
#include "core/topics.h"
#include "core/topology.h"
#include "core/wait_table.h"

namespace tidemark::core {

struct Engine::State {
  explicit State(EngineConfig settings)
      : config(std::move(settings)),
        expectation(config),
        topology(config),
        consumers(config.max_consumers, config.max_frontiers) {}

  EngineConfig config;
  Expectation expectation;
  Topology topology;
  Topics topics;
  Consumers consumers;
  WaitTable waits;
  EngineStats stats;

  PositionsBy positions_by = PositionsBy::tail;  // for hints
  bool was_synced = false;
  bool draining = false;
  Time known_since{};           // since then silence means something
  std::optional<Time> lost_at;
  Time refresh_at{};            // next look at the log starts
  std::set<ConsumerNumber> memberless;  // consumers without members that have obligations open
  std::size_t open_obligations = 0;
  std::size_t first_seen_kept = 0;      // partitions in the consumers' first_seen, together
  std::vector<ExpectedConsumer> expected;  // scratch

  // A look for an append in doubt, by the number of its question.
  struct Search {
    WaitId wait;
    std::uint32_t term = 0;
    Partition partition = 0;
    Offset from = 0;
    Duration backoff{};
    bool looked = false;        // answered once
    std::optional<Time> next;   // between two looks
  };
  static constexpr std::size_t kMaxSearches = 10'000;
  static constexpr Partition kMaxSearchesPerTerm = 64;  // partitions to look in, where none was chosen
  std::unordered_map<std::uint64_t, Search> searches;
  std::set<std::pair<Time, std::uint64_t>> search_times;
  std::uint64_t last_look = 0;

  // A term that reaches up to an end, while somebody is below it.
  struct EndWatch {
    Offset position = kNoOffset;  // of the furthest consumer, when it was last looked at
    Offset seen = kNoOffset;      // the highest record that is known to be visible
    std::uint64_t look = 0;       // number of the question under way
    bool awaited = false;         // the answer of a wait that is not held waits for it
    Duration pause{};
    std::optional<Time> next;
  };
  // A question what can be seen in [from, until), and the terms it is asked for.
  struct EndLook {
    TopicNumber topic = 0;
    Partition partition = 0;
    Offset from = 0;
    Offset until = 0;
    std::vector<std::pair<WaitId, std::uint32_t>> terms;
  };
  static constexpr std::size_t kMaxEndLooks = 16;  // under way
  std::map<std::pair<std::uint32_t, std::uint32_t>, EndWatch> end_watches;  // by slot and term
  std::set<std::tuple<Time, std::uint32_t, std::uint32_t>> end_check_times;
  std::unordered_map<std::uint64_t, EndLook> end_looks;  // by number

  // Who waits for a round of a topic's ends: a topic that is followed, or the edge
  // whose dead letters are to be read.
  struct Rider {
    WaitId wait;
    std::uint32_t index = 0;
    bool dead_letters = false;
  };
  struct Round {
    std::vector<Rider> aboard;
    std::vector<Rider> next;  // came while it was under way
    std::size_t left = 0;     // partitions that are not told
    bool running = false;
  };
  std::unordered_map<TopicNumber, Round> rounds;
  // A look for records by where they come from.
  struct OriginLook {
    WaitId wait;
    std::uint32_t index = 0;
    Partition partition = 0;
    bool dead_letters = false;
  };
  std::unordered_map<std::uint64_t, OriginLook> origin_looks;  // by number
  std::set<std::pair<Time, std::uint32_t>> follow_times;       // slots to look at again

  // A look whether an event is still in its place; if not, the log was cut off.
  struct CutLook {
    TopicNumber topic = 0;
    Uuid topic_id;
    Partition partition = 0;
    Cut cut;
    RecentAppend event;
    int tries = 0;
  };
  static constexpr std::size_t kMaxCutLooks = 256;  // under way; more are left out
  static constexpr int kMostCutTries = 3;
  std::unordered_map<std::uint64_t, CutLook> cut_looks;  // by number

  // A consumer below a log start, of whom it is asked whether it was there by then.
  struct Overtaken {
    TopicNumber topic = 0;
    Partition partition = 0;
    Offset start = 0;
    std::uint64_t asked = 0;  // number of the first question since; 0: by the next one
    LogPoint known{};         // the consumer's latest commit that was known then
    Offset no_row_at = 0;     // a start at which the group, by its own word, had committed nothing
  };
  struct RowQuestions {
    std::uint64_t open = 0;  // number of the latest question that is not answered; 0: none
    std::vector<Overtaken> places;
  };
  std::unordered_map<ConsumerNumber, RowQuestions> row_questions;
  std::uint64_t last_rows = 0;

  // Where recent publishes went, for acks by id: a slot per hash, the later takes it.
  struct Event {
    Uuid id;
    TopicNumber topic = 0;
    Partition partition = 0;
    Offset offset = kNoOffset;
  };
  static constexpr std::size_t kEvents = 1 << 16;
  std::vector<Event> events;

  bool ready(Time now) const;
  std::optional<Refusal> closed(Time now) const;
  Refusal refuse(Refusal refusal);
  std::optional<Refusal> full() const;
  std::optional<Refusal> unknown_among(std::span<const std::string> only, const std::vector<std::string>& known) const;
  // Whether the mark can be taken up; adds the consumers it names.
  std::optional<Refusal> check_mark(const Mark& mark, std::vector<std::string>& named) const;
  // Makes the mark's terms and needs those of the wait, unregistered. What the
  // wait follows says whom it needs, or else `only`.
  void take_up(std::uint32_t slot, const Mark& mark, std::span<const std::string> only);
  void begin_searches(std::uint32_t slot, Time now, Effects& effects);
  void search(Time now, Effects& effects);
  void end_search(std::uint64_t number);
  void found(std::uint32_t slot, std::uint32_t term, Partition partition, const Sight& sight);
  void answer_if_due(std::uint32_t slot, Time now, Effects& effects);
  std::optional<Refusal> check_barrier(const BarrierRequest& request) const;
  // Who is waited for at the topic: those that the wait follows, if it does.
  std::vector<ExpectedConsumer> expected_at(TopicNumber topic, const Follow* follow, Time now);
  WaitTerm& add_barrier_term(std::uint32_t slot, TopicNumber topic, Partition partition,
                             const std::vector<std::pair<TopicNumber, std::vector<ExpectedConsumer>>>& by_topic);
  void ask_barrier_end(std::uint32_t slot, std::uint32_t term, Effects& effects);
  // The partition's end was told: by the answer to question `asked`, or one before it.
  void barrier_ends(TopicNumber topic, Partition partition, std::uint64_t asked, Offset end, Time now,
                    Effects& effects);
  void tell_barrier(std::uint32_t slot, std::uint32_t term, Offset end, Time now);
  // Registers a need of which only what lies above its baseline is asked.
  void register_asked(std::uint32_t slot, std::uint32_t need, Time now);
  // The consumer is below its term's end: from now on it is seen to that it can get there.
  void watch_end(std::uint32_t slot, const Need& need, Time now);
  void check_end_at(std::uint32_t slot, std::uint32_t term, Time when);
  void check_ends(Time now, Effects& effects);
  void forget_end(std::uint32_t slot, std::uint32_t term);
  void forget_ends(std::uint32_t slot);
  // The consumer's position, unless it is past the term and waits for something else.
  std::optional<Offset> place_below(const WaitTerm& term, const Need& need) const;
  // False: too many looks are under way.
  bool look_at_end(std::uint32_t slot, std::uint32_t term, Effects& effects);
  // A wait that is not held is answered after one look at each of its ends.
  void look_before_answer(std::uint32_t slot, Effects& effects);
  void end_seen(const Sight& sight, Time now, Effects& effects);
  // Nothing in the term above `last` can be seen.
  void lower_end(std::uint32_t slot, std::uint32_t term, Offset last, Time now);
  // What lies below is not asked of the consumer by a barrier over the partition.
  Offset baseline(ConsumerNumber consumer, TopicNumber topic, Partition partition) const;
  // The consumer reads the topic: from now on its ends are known.
  void see_partitions(TopicNumber topic, Partition before, Effects& effects);
  void see_first(ConsumerNumber consumer, TopicNumber topic, Effects& effects);
  // An end told, or known by an append: the baseline of those first seen before it.
  void note_first_end(TopicNumber topic, Partition partition, Offset end);
  bool expected_to_ack(std::string_view consumer, TopicNumber topic) const;
  void apply_ack(ConsumerNumber consumer, TopicNumber topic, Partition partition, Range offsets, bool failed,
                 std::string_view reason, Time now, Effects& effects);
  // Notes it in the cell and settles what that ends.
  void said(Cell& cell, Range offsets, bool failed, std::string_view reason, Time now, Effects& effects);
  void judge_acks(TopicNumber topic, Partition partition, std::uint64_t asked, Time now, Effects& effects);
  void note_done_above(Cell& cell, const Consumer& consumer, TopicNumber topic);
  void remember_event(const Uuid& id, const WaitTerm& term);

  // Topics that the wait's consumers write: engine_follow.cpp.
  // What a wait for the mark, and for all of `more`, follows; null where nothing is.
  std::optional<Refusal> follow_mark(const Mark& mark, const std::vector<TopicNumber>& more, Scope scope,
                                     std::span<const std::string> only, Time now, std::unique_ptr<Follow>& follow);
  // Whom a wait over the plan's roots concerns: whom the mark names, and, where it
  // names nobody or `local`, those that are expected here.
  std::unique_ptr<Follow> follow_of(std::shared_ptr<const Plan> plan, const Mark* mark, bool local, Time now);
  // Adds the consumers that the mark says write.
  std::shared_ptr<const Plan> plan_of(const Mark& mark, std::span<const TopicNumber> roots, bool only_mark);
  void add_readers(Follow& follow, std::uint32_t topic, const Mark* mark, bool local, Time now);
  void add_edges(Follow& follow, std::uint32_t place) const;
  static void narrow(Follow& follow, const std::vector<ConsumerNumber>& to);
  void take_floors(Follow& follow, const Mark* mark, bool known);
  // Ties the wait's needs to the places of its follow.
  void tie(std::uint32_t slot);
  // Looks what is to be asked next, and whether all is done. Registers nothing.
  void follow_on(std::uint32_t slot, Time now, Effects& effects);
  // The event's id in what was added to topics that feed each other: engine_follow_ids.cpp.
  void look_for_descendants(std::uint32_t slot, std::uint32_t topic, Effects& effects);
  void note_copied(Follow& follow, std::uint32_t topic, bool first) const;
  bool all_copy(const Follow& follow, std::uint32_t component) const;
  bool is_busy(const Follow& follow, std::uint32_t first, std::uint32_t last) const;
  bool ask_component(std::uint32_t slot, std::uint32_t first, std::uint32_t last, const std::vector<bool>& closed,
                     Time now, Effects& effects);
  // What has come to be asked of a topic.
  struct Call {
    bool wanted = false;
    bool read = false;
    bool exists = false;
    bool cut = false;                  // the bound of passes is reached
    Time due{};
    std::vector<std::uint32_t> fired;  // edges whose places were done with something new
    bool asks() const { return wanted && read && exists && !cut; }
  };
  Call call_of(const Follow& follow, std::uint32_t index, Time now) const;
  bool ask_topic(std::uint32_t slot, std::uint32_t index, Time due, Time now, Effects& effects);
  void fence_told(std::uint32_t slot, std::uint32_t topic, Time now, Effects& effects);
  void owe(std::uint32_t slot, std::uint32_t topic, bool from_baselines, Time now);
  void descendants_seen(std::uint32_t slot, const OriginLook& about, const Sight& sight, Time now);
  void follow_due(Time now, Effects& effects);
  // What lies below the floors may be descendants now.
  void forget_floors(TopicNumber topic);
  void mark_derived(const Wait& wait, Mark& mark) const;
  std::vector<Hop> hops_to(const Wait& wait, std::uint32_t topic) const;
  void add_unreached(const Wait& wait, Time now, std::vector<ConsumerOutcome>& outcomes) const;

  // Rounds of ends: engine_fence.cpp.
  void board(TopicNumber topic, const Rider& rider, Effects& effects);
  void start_round(TopicNumber topic, Effects& effects);
  void ask_in_round(TopicNumber topic, Partition partition, Effects& effects);
  void end_in_round(TopicNumber topic, Partition partition, std::uint64_t asked, Time now, Effects& effects);
  void end_round(TopicNumber topic, Time now, Effects& effects);
  void rounds_after_list(TopicNumber topic, Partition before, Time now, Effects& effects);
  void restart_round(TopicNumber topic, Effects& effects);
  void know_output_ends(TopicNumber topic, Partition before, Effects& effects);

  // Dead letters: engine_dead_letter.cpp.
  bool has_dead_letters(const Follow& follow, std::uint32_t place) const;
  void begin_check(std::uint32_t slot, std::uint32_t place, Effects& effects);
  void read_dead_letters(std::uint32_t slot, std::uint32_t edge, Time now, Effects& effects);
  void look_for_origin(const OriginLook& about, Look look, Effects& effects);
  void origin_seen(const Sight& sight, Time now, Effects& effects);
  void dead_letter_seen(std::uint32_t slot, const OriginLook& about, const Sight& sight, Time now);
  void conclude_check(std::uint32_t slot, std::uint32_t place, Time now);

  std::optional<Refusal> expect(TopicNumber topic, const PublishRequest& request, Time now,
                                std::unique_ptr<Follow>& follow);
  // Whom `only` names, and those on the way to them.
  std::optional<Refusal> narrow_to(Follow& follow, std::span<const std::string> only) const;
  // Looks where the need stands now: settles it, or indexes it so that a commit finds it.
  void register_need(std::uint32_t slot, std::uint32_t need, Time now);
  void register_term(std::uint32_t slot, std::uint32_t term, Time now);
  void settle(std::uint32_t slot, std::uint32_t need, Outcome outcome, const Evidence& evidence, Time now);
  // The need's outcome is final.
  void conclude(std::uint32_t slot, std::uint32_t need, Outcome outcome, Time now);
  // Takes the need's obligation out of its cell, if it has one.
  void unindex(std::uint32_t slot, Need& need);
  // The consumer's place in the partition, made where there is none; nullptr
  // when the table is full.
  Cell* cell_for(ConsumerNumber consumer, TopicNumber topic, Partition partition);
  // After `applied` happened to the cell's frontier: settles what that ends,
  // looking from the lowest obligation up, or at each where one may be ended
  // out of order.
  void advance(Cell& cell, ConsumerNumber consumer, TopicNumber topic, Partition partition, Applied applied, Time now,
               Effects& effects);
  // Settles the obligation if it is ended; and all those whose last record is in `lasts`.
  bool look_at(Cell& cell, const Obligation& obligation, Time now, Effects& effects);
  void look_through(Cell& cell, Range lasts, Time now, Effects& effects);
  // Where the consumer stands with the need's records, by commits and by acks.
  Frontier::Standing standing(const Wait& wait, const Need& need, const Cell& cell) const;
  void finish_if_done(std::uint32_t slot, Time now, Effects& effects);
  void answer(std::uint32_t slot, Time now, Effects& effects);
  void answer_failed_append(std::uint32_t slot, const Delivery& delivery, Time now, Effects& effects);
  void close(std::uint32_t slot);
  void settle_absent(ConsumerNumber consumer, Time now, Effects& effects);
  // Settles, in order, those of the needs (slot and index) that are still open when their turn comes.
  void settle_open(std::vector<std::pair<std::uint32_t, std::uint32_t>> needs, Outcome outcome, Time now,
                   Effects& effects);
  void update_memberless(ConsumerNumber consumer);
  std::optional<Time> absent_at(ConsumerNumber consumer) const;

  // Applies it to the cell, or holds it and asks for the end. The caller looks at what it ends.
  Applied apply_commit(Cell& cell, ConsumerNumber consumer, TopicNumber topic, Partition partition,
                       Frontier::Update update, Effects& effects);
  // Log starts above a consumer's position: engine_log_start.cpp.
  void log_start_told(TopicNumber topic, Partition partition, Offset start, Time now, Effects& effects);
  // Takes the partition's start for the consumer's, or asks; `told`: by the log just now.
  void see_log_start(Cell& cell, ConsumerNumber consumer, TopicNumber topic, Partition partition, bool told, Time now,
                     Effects& effects);
  void ask_rows(ConsumerNumber consumer, Effects& effects);
  // False: it is to be asked again.
  bool judge_log_start(ConsumerNumber consumer, const Overtaken& place, Offset committed, Time now, Effects& effects);
  // A higher end became known without a question.
  void raise_end(TopicNumber topic, Partition partition, Offset end, Time now, Effects& effects);

  // Leaders elected out of sync: engine_cut.cpp.
  // An append of this gateway was confirmed at the term's place.
  void note_append(const WaitTerm& term, const RecentAppend& append, Time now, Effects& effects);
  // One of unknown fate that can lie below those before it: in a log that was cut off.
  void note_doubtful_append(const WaitTerm& term, const Delivery& delivery, Time now, Effects& effects);
  // Asks for the end where a mark's record may lie beyond it.
  void doubt_end(const WaitTerm& term, Effects& effects);
  // Looks for a cut in what was told, before it changes what is known.
  void look_for_cut(TopicNumber topic, Partition partition, const Ends& told, Time now, Effects& effects);
  void look_at_end(TopicNumber topic, Partition partition, const Ends& told, Time now, Effects& effects);
  // Heard of a leader of this epoch. True where it is the first after what is known.
  bool note_successor(TopicNumber topic, Partition partition, std::int32_t leader_epoch);
  void judge_succession(TopicNumber topic, Partition partition, const Ends& told, Time now, Effects& effects);
  void look_for_event(CutLook look, Effects& effects);
  void cut_seen(const Sight& sight, Time now, Effects& effects);
  // `by_append`: an append of ours shows it, under an epoch that may be too low.
  void cut_off(TopicNumber topic, Partition partition, const Cut& cut, Time now, Effects& effects, bool by_append = false);
  // Ends the obligations about what the cut took. Without an epoch: those below `known`.
  void settle_lost(TopicNumber topic, Partition partition, const Cut& cut, Offset known, Time now, Effects& effects);
  bool is_lost(TopicNumber topic, Partition partition, Offset last, std::int32_t leader_epoch) const;
  void judge(TopicNumber topic, Partition partition, std::uint64_t asked, Time now, Effects& effects);
  void ask_end(TopicNumber topic, Partition partition, Effects& effects);
  void hold(ConsumerNumber consumer, TopicNumber topic, Partition partition, Effects& effects);
  void forget_incarnation(TopicNumber topic, Time now, Effects& effects);
  // A commit for another topic of the name: kept for when the list shows that one.
  static void keep_early(Cell& cell, const Uuid& topic_id, Frontier::Update update);
  // Looks at the waits for a topic's new incarnation that came before the list told of it.
  void take_up_incarnation(TopicNumber topic, Time now, Effects& effects);

  // What is known of the term's topic now speaks of another topic of that name.
  bool other_incarnation(const WaitTerm& term) const;
  Anchor anchor_at_append(const Need& need, const WaitTerm& term) const;
  // A position of the consumer's at or below the offset, seen or declared.
  Anchor anchor_below(ConsumerNumber consumer, TopicNumber topic, Partition partition, Offset offset) const;
  Mark mark_of(const Wait& wait) const;
  std::vector<ConsumerOutcome> outcomes_of(const Wait& wait, Time now) const;
};

}  // namespace tidemark::core
