#include "kafka/group_asker.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "kafka/group_answers.h"
#include "wire/cluster.h"
#include "wire/error_codes.h"
#include "wire/generated/find_coordinator.h"

namespace tidemark::kafka {
namespace {

constexpr auto kRequestTimeout = std::chrono::seconds(5);
constexpr auto kListPause = std::chrono::milliseconds(100);
constexpr auto kShortestTimer = std::chrono::milliseconds(5);
// How often a group is asked again because its answer names topics by ids that
// metadata does not have (yet); the pauses between add up to about a second.
constexpr int kUnknownTopicTries = 5;
constexpr std::size_t kTroubleNames = 10'000;

core::Time clock_now() { return std::chrono::steady_clock::now(); }

}  // namespace

class GroupAsker::Core : public std::enable_shared_from_this<GroupAsker::Core> {
 public:
  Core(boost::asio::io_context& io, wire::Cluster& cluster, GroupQuestions::Limits limits, GroupObserver& observer)
      : io_(io), cluster_(&cluster), observer_(&observer), timer_(io), questions_(limits) {}

  void list(std::int32_t broker, std::uint64_t round) {
    Listing& listing = listings_[broker];
    listing.round = std::max(listing.round, round);
    listing.wanted = true;
    pump_soon();
  }

  GroupQuestions& questions() {
    pump_soon();
    return questions_;
  }
  const GroupQuestions& questions() const { return questions_; }

  void name_late(core::Duration patience) {
    for (const std::string& group : questions_.newly_late(clock_now(), patience))
      trouble("group " + group + " has not been answered for by its coordinator yet; still asking");
  }

  void stop() {
    cluster_ = nullptr;
    timer_.cancel();
  }

  GroupCounters counters() const {
    GroupCounters counters = counters_;
    counters.open = questions_.size();
    return counters;
  }

 private:
  struct Listing {
    std::uint64_t round = 0;
    bool wanted = false;
    bool under_way = false;
    core::Time not_before{};
  };

  void pump_soon() {
    if (cluster_ == nullptr || std::exchange(pump_posted_, true)) return;
    boost::asio::post(io_, [self = shared_from_this()] {
      self->pump_posted_ = false;
      self->pump();
    });
  }

  void pump() {
    if (cluster_ == nullptr) return;
    const core::Time now = clock_now();
    std::optional<core::Time> next;
    const auto metadata = cluster_->metadata();
    std::erase_if(listings_, [&](const auto& entry) {
      return !entry.second.under_way && !metadata->brokers.empty() && !metadata->brokers.contains(entry.first);
    });
    for (auto& [broker, listing] : listings_) {
      if (!listing.wanted || listing.under_way) continue;
      if (listing.not_before <= now) {
        send_list(broker, listing);
      } else if (!next || listing.not_before < *next) {
        next = listing.not_before;
      }
    }
    for (auto questions = questions_.next(now); !questions.empty(); questions = questions_.next(now)) {
      for (Question& question : questions) send(std::move(question));
    }
    if (const auto due = questions_.next_due(); due && (!next || *due < *next)) next = due;
    if (next) arm_timer(std::max(*next, now + kShortestTimer));
  }

  void arm_timer(core::Time at) {
    timer_.expires_at(at);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      if (const auto self = weak.lock(); self != nullptr && !error) self->pump();
    });
  }

  void send_list(std::int32_t broker, Listing& listing) {
    const std::uint64_t round = listing.round;
    listing.wanted = false;
    listing.under_way = true;
    call(broker, wire::msg::ListGroupsRequest{}, [broker, round](Core& self, auto* reply, const std::string&) {
      self.on_list_reply(broker, round, reply);
    });
  }

  void on_list_reply(std::int32_t broker, std::uint64_t round, const wire::msg::ListGroupsResponse* reply) {
    const auto found = listings_.find(broker);
    if (found != listings_.end()) found->second.under_way = false;
    if (reply == nullptr || reply->error_code != 0) {
      ++counters_.failures;
      if (found == listings_.end()) return;
      found->second.wanted = true;
      found->second.not_before = clock_now() + kListPause;
      if (reply != nullptr && verdict_of(reply->error_code) == GroupVerdict::refused)
        trouble("groups cannot be listed: " + std::string(wire::error_name(reply->error_code)));
      return;
    }
    std::vector<ListedGroup> groups;
    for (const auto& group : reply->groups) groups.push_back(read_listed(group));
    observer_->on_listed(broker, round, groups);
  }

  void send(Question question) {
    switch (question.kind) {
      case Question::Kind::coordinators: {
        wire::msg::FindCoordinatorRequest request;
        request.coordinator_keys = question.groups;
        return ask(std::move(question), std::move(request), &Core::on_coordinators);
      }
      case Question::Kind::offsets: {
        wire::msg::OffsetFetchRequest request;
        request.require_stable = question.stable;
        for (const std::string& name : question.groups) {
          auto& group = request.groups.emplace_back();
          group.group_id = name;
          group.topics.reset();
        }
        return ask(std::move(question), std::move(request), &Core::on_offsets);
      }
      case Question::Kind::classic_members: {
        wire::msg::DescribeGroupsRequest request;
        request.groups = question.groups;
        return ask(std::move(question), std::move(request), &Core::on_classic_members);
      }
      case Question::Kind::consumer_members: {
        wire::msg::ConsumerGroupDescribeRequest request;
        request.group_ids = question.groups;
        return ask(std::move(question), std::move(request), &Core::on_consumer_members);
      }
      case Question::Kind::share_members: {
        wire::msg::ShareGroupDescribeRequest request;
        request.group_ids = question.groups;
        return ask(std::move(question), std::move(request), &Core::on_share_members);
      }
    }
  }

  template <class Request, class Read>
  void ask(Question question, Request request, Read read) {
    const std::int32_t broker = question.broker;
    call(broker, request,
         [question = std::move(question), read](Core& self, auto* reply, const std::string& error) mutable {
           if (reply != nullptr) {
             (self.*read)(question, *reply);
           } else {
             ++self.counters_.failures;
             self.on_no_answer(question, error);
           }
           if (self.cluster_ == nullptr) return;
           self.questions_.ended(question, clock_now());
           self.observer_->on_questions_answered();
         });
  }

  // Sends a request to a broker (−1: any); `done` gets the answer, or null and why.
  template <class Request, class Done>
  void call(std::int32_t broker, Request request, Done done) {
    using Response = typename Request::Response;
    const auto finish = [weak = weak_from_this()](Done& then, Response* response, const std::string& error) {
      const auto self = weak.lock();
      if (self == nullptr || self->cluster_ == nullptr) return;
      then(*self, response, error);
      self->pump_soon();
    };
    const auto connection = broker < 0 ? cluster_->any_connection(wire::Purpose::ask)
                                       : cluster_->connection(broker, wire::Purpose::ask);
    if (connection == nullptr) {
      cluster_->refresh_soon();
      boost::asio::post(io_, [finish, done = std::move(done)]() mutable { finish(done, nullptr, "no such broker"); });
      return;
    }
    ++counters_.requests;
    connection->when_ready(
        kRequestTimeout, [weak = weak_from_this(), connection, request = std::move(request), finish,
                          done = std::move(done)](const Result<void>& ready) mutable {
          if (!ready.ok()) return finish(done, nullptr, ready.error().message);
          connection->call(request, kRequestTimeout,
                           [finish, done = std::move(done)](wire::Reply<Response> reply) mutable {
                             if (reply) return finish(done, &*reply, std::string());
                             finish(done, nullptr, reply.error().message);
                           });
        });
  }

  void on_no_answer(const Question& question, const std::string& error) {
    // A broker without the API has no such groups.
    const auto connection = question.broker < 0 ? nullptr : cluster_->connection(question.broker, wire::Purpose::ask);
    const bool reached = connection != nullptr && connection->ready();
    const bool no_consumer_groups = question.kind == Question::Kind::consumer_members && reached &&
                                    !connection->version_of<wire::msg::ConsumerGroupDescribeRequest>();
    const bool no_share_groups = question.kind == Question::Kind::share_members && reached &&
                                 !connection->version_of<wire::msg::ShareGroupDescribeRequest>();
    for (const std::string& group : question.groups) {
      if (no_share_groups) {
        questions_.refused(group, question.kind);  // it exists: the broker has listed it
      } else if (no_consumer_groups) {
        not_found(group);
      } else {
        questions_.failed(group, question.kind, clock_now(), true);
      }
    }
    if (no_consumer_groups || no_share_groups) return;
    if (!error.empty() && too_old(question)) trouble("the brokers are older than Kafka 3.0: " + error);
  }

  bool too_old(const Question& question) const {
    const auto connection = question.broker < 0 ? cluster_->any_connection(wire::Purpose::ask)
                                                : cluster_->connection(question.broker, wire::Purpose::ask);
    if (connection == nullptr || !connection->ready()) return false;
    return connection->version_of<wire::msg::FindCoordinatorRequest>().value_or(-1) < 4 ||
           connection->version_of<wire::msg::OffsetFetchRequest>().value_or(-1) < 8;
  }

  void on_coordinators(const Question& question, const wire::msg::FindCoordinatorResponse& reply) {
    for (const auto& found : reply.coordinators) {
      if (found.error_code == 0) {
        questions_.coordinator_found(found.key, found.node_id);
      } else {
        on_verdict(found.key, question.kind, verdict_of(found.error_code), found.error_code);
      }
    }
  }

  void on_offsets(const Question& question, const wire::msg::OffsetFetchResponse& reply) {
    const auto metadata = cluster_->metadata();
    std::unordered_map<Uuid, const std::string*> names;
    for (const auto& [name, topic] : metadata->topics) names.emplace(topic.id, &name);
    const auto name_of = [&](const Uuid& id) -> const std::string* {
      const auto found = names.find(id);
      return found == names.end() ? nullptr : found->second;
    };
    std::vector<OffsetRow> rows;
    for (const auto& answer : reply.groups) {
      bool unknown_topics = false;
      const GroupVerdict verdict = read_offsets(answer, name_of, rows, unknown_topics);
      if (verdict != GroupVerdict::answered) {
        on_verdict(answer.group_id, question.kind, verdict, answer.error_code);
        continue;
      }
      if (unknown_topics && ++unknown_topic_tries_[answer.group_id] < kUnknownTopicTries) {
        cluster_->refresh_soon();
        questions_.failed(answer.group_id, question.kind, clock_now(), false);
        continue;
      }
      unknown_topic_tries_.erase(answer.group_id);
      if (const auto asked = questions_.offsets_answered(answer.group_id)) tell_offsets(answer.group_id, *asked, rows);
      if (cluster_ == nullptr) return;
    }
  }

  void tell_offsets(const std::string& group, const OffsetsAsked& asked, const std::vector<OffsetRow>& rows) {
    if (asked.seed) {
      ++counters_.seeds;
      std::vector<core::SeedRow> seed_rows;
      for (const OffsetRow& row : rows) seed_rows.push_back(row.row);
      observer_->on_seed({group, asked.as_of, seed_rows});
    }
    if (asked.rows && cluster_ != nullptr) observer_->on_rows(group, rows);
    if (asked.stable != 0 && cluster_ != nullptr) observer_->on_stable_rows(group, asked.stable, rows);
    for (std::size_t i = 0; asked.version && i < rows.size() && cluster_ != nullptr; ++i) {
      core::Commit commit;
      commit.group = group;
      commit.topic = rows[i].row.topic;
      commit.topic_id = rows[i].topic_id;
      commit.partition = rows[i].row.partition;
      commit.offset = rows[i].row.offset;
      commit.leader_epoch = rows[i].row.leader_epoch;
      commit.done_above = rows[i].row.done_above;
      commit.at = *asked.version;
      commit.settled_at = asked.version->offset;
      observer_->on_asked_commit(commit);
    }
  }

  void on_classic_members(const Question& question, const wire::msg::DescribeGroupsResponse& reply) {
    on_members(question, reply.groups);
  }

  void on_consumer_members(const Question& question, const wire::msg::ConsumerGroupDescribeResponse& reply) {
    on_members(question, reply.groups);
  }

  void on_share_members(const Question& question, const wire::msg::ShareGroupDescribeResponse& reply) {
    on_members(question, reply.groups);
  }

  template <class Answers>
  void on_members(const Question& question, const Answers& answers) {
    GroupMembers members;
    for (const auto& answer : answers) {
      const GroupVerdict verdict = read_members(answer, members);
      if (verdict != GroupVerdict::answered) {
        on_verdict(answer.group_id, question.kind, verdict, answer.error_code);
      } else if (auto as_of = questions_.members_answered(answer.group_id)) {
        observer_->on_group_state(members.state(answer.group_id, std::move(*as_of)));
      }
      if (cluster_ == nullptr) return;
    }
  }

  void on_verdict(const std::string& group, Question::Kind kind, GroupVerdict verdict, std::int16_t error) {
    if (verdict == GroupVerdict::not_found && kind != Question::Kind::coordinators) return not_found(group);
    ++counters_.failures;
    if (verdict == GroupVerdict::refused) {
      trouble("group " + group + " cannot be asked: " + std::string(wire::error_name(error)));
      return questions_.refused(group, kind);
    }
    questions_.failed(group, kind, clock_now(), verdict == GroupVerdict::moved);
  }

  void not_found(const std::string& group) {
    core::GroupState gone;
    if (!questions_.members_not_found(group, gone.as_of)) return;
    gone.group = group;
    gone.exists = false;
    observer_->on_group_state(gone);
  }

  void trouble(const std::string& what) {
    if (said_.size() < kTroubleNames && said_.insert(what).second) observer_->on_trouble(what);
  }

  boost::asio::io_context& io_;
  wire::Cluster* cluster_;  // null once stopped
  GroupObserver* observer_;
  boost::asio::steady_timer timer_;
  GroupQuestions questions_;
  std::map<std::int32_t, Listing> listings_;
  std::unordered_map<std::string, int> unknown_topic_tries_;
  std::set<std::string> said_;
  GroupCounters counters_;
  bool pump_posted_ = false;
};

GroupAsker::GroupAsker(boost::asio::io_context& io, wire::Cluster& cluster, GroupQuestions::Limits limits,
                       GroupObserver& observer)
    : core_(std::make_shared<Core>(io, cluster, limits, observer)) {}

GroupAsker::~GroupAsker() { stop(); }

void GroupAsker::list(std::int32_t broker, std::uint64_t round) { core_->list(broker, round); }

void GroupAsker::ask_seed(const std::string& group, const core::TailPositions& as_of, bool starting) {
  core_->questions().ask_seed(group, as_of, clock_now(), starting);
}

void GroupAsker::ask_offsets(const std::string& group, core::LogPoint version) {
  core_->questions().ask_offsets(group, version, clock_now());
}

void GroupAsker::ask_stable_rows(const std::string& group, std::uint64_t number) {
  core_->questions().ask_stable_rows(group, number, clock_now());
}

void GroupAsker::ask_rows(const std::string& group) { core_->questions().ask_rows(group, clock_now()); }

void GroupAsker::ask_members(const std::string& group, GroupType type, const core::TailPositions& as_of,
                             bool starting) {
  core_->questions().ask_members(group, type, as_of, clock_now(), starting);
}

void GroupAsker::forget_starts() { core_->questions().forget_starts(); }

std::size_t GroupAsker::starting_left(core::Duration patience) const {
  return std::as_const(*core_).questions().starting_left(clock_now(), patience);
}

void GroupAsker::name_late(core::Duration patience) { core_->name_late(patience); }
void GroupAsker::stop() { core_->stop(); }
GroupCounters GroupAsker::counters() const { return core_->counters(); }

}  // namespace tidemark::kafka
