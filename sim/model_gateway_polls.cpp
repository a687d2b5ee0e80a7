// The gateway's reading side where the commit log may not be read: a
// kafka::PollPlan, and coordinators that answer it late.
//
// An answer is what a coordinator had at one moment; what happened between two
// moments nobody tells. The answers of one coordinator about a group's positions
// come in their order, those about its members whenever they like.

#include <algorithm>
#include <utility>

#include "checker.h"
#include "kafka/poll_plan.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Effects;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

constexpr auto kNotice = milliseconds(20);

}  // namespace

// What a coordinator had of one group, at one moment.
struct PolledRows {
  core::Time looked{};
  std::vector<kafka::OffsetRow> rows;
  std::map<CommitLog::Key, CommitLog::Row> truth;
};

class ModelGateway::Polls final : public kafka::PollSink {
 public:
  Polls(ModelGateway& gateway, core::Offset first_number) : gateway_(gateway), plan_({}, first_number) {}

  kafka::PollPlan& plan() { return plan_; }
  core::Time deliver_at(int group, core::Time earliest) {
    core::Time& free = free_[group];
    return free = std::max(free + microseconds(1), earliest);
  }
  // `asked`: by the plan itself.
  void rows_answered(int group, const PolledRows& answer, bool asked) {
    gateway_.told_->looked(group, answer.looked);
    latest_[group].push_back(answer);
    const std::string& name = gateway_.group_name(group);
    if (asked) return plan_.rows_answered(name, answer.rows, gateway_.now(), *this);
    plan_.rows_seen(name, answer.rows, gateway_.now(), *this);
  }

  void on_polled_commit(const core::Commit& commit) override {
    const int group = *gateway_.world_.group_named(commit.group);
    const int topic = *gateway_.world_.log.topic_named(commit.topic);
    const CommitLog::Key key{group, topic, commit.partition};
    CommitRecord record;
    core::Time looked{};
    // What is told may be of an answer that was kept back, or was there in several.
    const auto& answers = latest_[group];
    bool met = false;
    for (auto answer = answers.rbegin(); answer != answers.rend(); ++answer) {
      const auto found = answer->truth.find(key);
      const bool it = commit.offset == core::kNoOffset
                          ? found == answer->truth.end()
                          : found != answer->truth.end() && found->second.offset == commit.offset &&
                                std::equal(commit.done_above.begin(), commit.done_above.end(), found->second.done_above.begin(),
                                           found->second.done_above.end());
      if (!it && met) break;
      if (!it) continue;
      met = true;
      looked = answer->looked;
      if (found != answer->truth.end()) record = *gateway_.world_.commits.find(found->second.at);
    }
    record.kind = commit.offset == core::kNoOffset ? CommitRecord::Kind::tombstone : CommitRecord::Kind::commit;
    std::tie(record.group, record.topic, record.partition) = key;
    record.at = commit.at;
    record.when = looked;
    record.with_id = !commit.topic_id.is_nil();
    if (record.with_id) record.told_as = gateway_.world_.log.incarnation_of(commit.topic_id).value_or(-1);
    const Told::GroupKnown& known = gateway_.told_->group(group);
    record.by_hand = known.told && known.managed && known.members == 0;  // as far as answers tell
    gateway_.world_.counters.count(Fault::polled_position);
    gateway_.world_.trace.note(gateway_.now(), "polled: commit", {{"gw", gateway_.number_}, {"topic", topic}, {"p", commit.partition},
                                                                 {"offset", commit.offset}, {"number", commit.at.offset & 0xffff}},
                               commit.group);
    gateway_.told_->commit(record, commit.settled_at, gateway_.now());
    gateway_.world_.checker->told_commit(gateway_, record);
    Effects effects;
    gateway_.port_->commit(commit, gateway_.now(), effects);
    gateway_.carry_out(effects);
  }

  void on_polled_group(const core::GroupState& state) override {
    const std::string name(state.group);
    const std::vector<std::string> topics(state.topics.begin(), state.topics.end());
    gateway_.world_.trace.note(gateway_.now(), "polled: group", {{"gw", gateway_.number_}, {"exists", state.exists},
                                                                {"members", state.members}}, name);
    gateway_.world_.counters.count(Fault::polled_members);
    if (const auto group = gateway_.world_.group_named(name)) {
      std::set<int> subscribed;
      for (const std::string& topic : topics) subscribed.insert(*gateway_.world_.log.topic_named(topic));
      gateway_.told_->membership(*group, state.at, nullptr, state.exists, state.managed, state.members,
                                 state.topics_known ? &subscribed : nullptr, gateway_.now());
    }
    Effects effects;
    gateway_.port_->group(state, name, topics, std::string(state.client), gateway_.now(), effects);
    gateway_.carry_out(effects);
  }

 private:
  ModelGateway& gateway_;
  kafka::PollPlan plan_;
  std::map<int, core::Time> free_;  // when its last answer about positions comes
  std::map<int, std::vector<PolledRows>> latest_;
};

void ModelGateway::start_polls() {
  const auto since = std::chrono::duration_cast<milliseconds>(now().time_since_epoch()).count();
  polls_ = std::make_shared<Polls>(*this, since << 16);
  poll();
}

void ModelGateway::poll() {
  if (connected_) {
    std::vector<log::OpenGroup> open;
    port_->engine().for_each_open([&](std::string_view name, const std::optional<core::Duration>& interval) {
      open.push_back({std::string(name), interval});
    });
    polls_->plan().open(open, now());
    const kafka::PollPlan::Due due = polls_->plan().due(now());
    for (const std::string& name : due.rows) ask_polled_rows(name, {});
    for (const auto& [name, type] : due.members) ask_polled_members(name, {});
  }
  const auto next = polls_->plan().next_due();
  const core::Time at = std::clamp(next.value_or(core::Time::max()), now() + milliseconds(1), now() + kNotice);
  later(at - now(), [this] { poll(); });
}

void ModelGateway::meet_groups() {
  for (int group = 0; group < world_.commits.groups(); ++group)
    if (world_.commits.group(group).exists)
      polls_->plan().meet(group_name(group), kafka::GroupType::unknown, now());
  later(world_.random.millis(1000, 5000), [this] { meet_groups(); });
}

PolledRows ModelGateway::look_at_rows(std::optional<int> group) const {
  PolledRows answer;
  answer.looked = world_.now();
  for (const auto& [key, row] : world_.commits.rows()) {
    if (std::get<0>(key) != group) continue;
    const int topic = std::get<1>(key);
    kafka::OffsetRow told;
    told.row = {world_.log.name(topic), std::get<2>(key), row.offset, -1, row.done_above};
    const CommitRecord* record = world_.commits.find(row.at);
    if (record != nullptr && record->with_epoch) told.row.leader_epoch = record->epoch;
    // By the name that the position is kept under.
    if (world_.plan.polls_with_ids && world_.log.current(topic) >= 0) told.topic_id = world_.log[world_.log.current(topic)].id;
    answer.rows.push_back(told);
    answer.truth.emplace(key, row);
  }
  return answer;
}

void ModelGateway::ask_polled_rows(const std::string& name, const std::function<void()>& answered) {
  later(question_delay(), [=, this] {
    if (!connected_) {
      later(milliseconds(50), [=, this] { ask_polled_rows(name, answered); });
      return;
    }
    const auto group = world_.group_named(name);
    const PolledRows answer = look_at_rows(group);
    const core::Duration delay = question_delay();
    later(polls_->deliver_at(group.value_or(-1), now() + delay) - now(), [=, this] {
      if (group)
        polls_->rows_answered(*group, answer, answered == nullptr);  // else the start-up asked
      else
        polls_->plan().rows_answered(name, {}, now(), *polls_);
      if (alive() && answered) answered();
    });
  });
}

void ModelGateway::ask_polled_members(const std::string& name, const std::function<void()>& answered) {
  later(question_delay(), [=, this] {
    if (!connected_) {
      later(milliseconds(50), [=, this] { ask_polled_members(name, answered); });
      return;
    }
    const auto group = world_.group_named(name);
    const CommitLog::Group found = group ? world_.commits.group(*group) : CommitLog::Group{};
    const core::Time looked = now();
    const core::TailPositions as_of = answered ? positions() : nullptr;  // the start-up asked
    later(question_delay(), [=, this] {
      core::GroupState state;
      std::vector<std::string> topics;
      std::string client;
      state.group = name;
      state.exists = found.exists;
      state.managed = found.managed;
      state.members = found.members;
      if (group) {
        const GroupTraits& traits = world_.groups[static_cast<std::size_t>(*group)]->traits();
        state.topics_known = found.exists && traits.shows_topics && found.members > 0;
        if (state.topics_known)
          for (const int topic : traits.topics) topics.push_back(world_.log.name(topic));
        client = client_of(traits, found.members);
      }
      state.topics = topics;
      state.client = client;
      state.as_of = as_of;
      if (group && found.members == 0) told_->looked_empty(*group, looked);
      polls_->plan().members_answered(state, now(), *polls_);
      if (alive() && answered) answered();
    });
  });
}

void ModelGateway::ask_everything_polled() {
  for (int group = 0; group < world_.commits.groups(); ++group) {
    if (!world_.commits.group(group).exists) continue;
    polls_->plan().meet(group_name(group), kafka::GroupType::unknown, now());
    unanswered_ += 2;
    ask_polled_members(group_name(group), [this] { answered_one(); });
    ask_polled_rows(group_name(group), [this] { answered_one(); });
  }
}

void ModelGateway::serve_polled_rows(const core::AskRows& ask, int group, core::Time since) {
  const PolledRows answer = look_at_rows(group < world_.commits.groups() ? std::optional(group) : std::nullopt);
  const core::Duration delay = question_delay();
  later(polls_->deliver_at(group, now() + delay) - now(), [=, this] {
    std::vector<core::SeedRow> told;
    std::set<std::pair<int, core::Partition>> there;
    for (const kafka::OffsetRow& row : answer.rows) told.push_back(row.row);
    for (const auto& [key, row] : answer.truth) there.emplace(std::get<1>(key), std::get<2>(key));
    // What these say has to be told before what they prove.
    if (group < world_.commits.groups()) polls_->rows_answered(group, answer, false);
    if (!alive()) return;
    for (const core::SeedRow& row : told)
      world_.trace.note(world_.now(), "asked: row", {{"gw", number_}, {"p", row.partition}, {"offset", row.offset}}, row.topic);
    told_->rows(group, since, answer.looked, there);
    Effects effects;
    port_->rows(ask.group, ask.number, told, world_.now(), effects);
    carry_out(effects);
  });
}

}  // namespace tidemark::sim
