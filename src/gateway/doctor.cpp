#include "gateway/doctor.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "core/hint.h"
#include "http/json_writer.h"
#include "http/write_consumed.h"

namespace tidemark::gateway {
namespace {

struct Finding {
  bool error = false;
  std::string subject, code, problem, fix;
};

bool anchored(const core::ConsumerView& consumer) {
  for (const core::ConsumerView::TopicView& topic : consumer.topics)
    for (const auto& partition : topic.partitions)
      if (partition.committed == core::kNoOffset && partition.end > 0) return false;
  return true;
}

// Its timer would keep its rhythm or have none, so only a declaration makes sure.
std::string sure_cure(const std::string& client) {
  const bool aiokafka = core::recognise(client, client) == core::EarlyClient::aiokafka;
  return (aiokafka ? "set enable_auto_commit=False and call commit() after the work"
                   : "set enable.auto.commit=false and commit after the work, or enable.auto.offset.store=false and store "
                     "offsets after it") +
         std::string(", and declare it with commits: after-processing");
}

void look_at(const core::ConsumerView& consumer, std::vector<Finding>& findings) {
  const std::string subject = "group " + consumer.name;
  if (consumer.early && !consumer.acks)
    findings.push_back({true, subject, "early-commits",
                        "its client (" + consumer.client + ") commits before the work is done, so its outcome is handed_over",
                        core::cure_for(core::recognise(consumer.client, consumer.client))});
  if (consumer.may_be_early && !consumer.acks)
    findings.push_back({false, subject, "cannot-be-told",
                        "its client (" + consumer.client + ") may commit before the work is done; it cannot be told whether "
                        "it does, so it is believed",
                        sure_cure(consumer.client)});
  if (consumer.commits_by_timer && !consumer.acks)
    findings.push_back({false, subject, "timer-commits",
                        "it commits about every " + core::text_of(consumer.commit_interval.value_or(core::Duration{})) +
                            ", by a timer, so a publish waits that long",
                        "commit after each batch, or set auto.commit.interval.ms=100"});
  if (!anchored(consumer) && !consumer.acks && !consumer.share)
    findings.push_back({false, subject, "no-anchor",
                        "it has not committed some partitions that hold records, so its next event there is unanchored",
                        "declare it with reset: earliest if it begins there, or let it commit its position once"});
}

void look_at(const log::ClusterFacts& facts, const std::vector<core::TopicView>& topics,
             std::vector<Finding>& findings) {
  if (!facts.blind.empty())
    findings.push_back({true, "cluster", "blinded",
                        std::to_string(facts.blind.size()) + " partitions of __consumer_offsets cannot be read",
                        "bring their leaders back, or allow READ on the topic __consumer_offsets"});
  if (facts.polling)
    findings.push_back({false, "cluster", "polling",
                        "__consumer_offsets may not be read, so groups are asked for their commits, which is slower",
                        "allow READ on the topic __consumer_offsets to the gateway's user"});
  if (facts.coordinator_linger_ms.value_or(0) > 0)
    findings.push_back({false, "cluster", "coordinator-linger",
                        "each commit waits " + std::to_string(*facts.coordinator_linger_ms) + " ms in the coordinator",
                        "set group.coordinator.append.linger.ms=0 on the brokers"});
  for (const log::ClusterFacts::Topic& topic : facts.topics) {
    const bool waited_for = std::any_of(topics.begin(), topics.end(), [&](const core::TopicView& view) {
      return view.name == topic.name && !view.wait_for.empty();
    });
    const bool single = topic.replicas == 1 || (topic.replicas > 1 && topic.min_insync_replicas.value_or(2) <= 1);
    if (!waited_for || !single) continue;
    findings.push_back({false, "topic " + topic.name, "single-in-sync-copy",
                        topic.replicas == 1 ? "it has one copy: a broker's loss loses what was called appended"
                                            : "acks=all may mean one copy, as min.insync.replicas is 1",
                        topic.replicas == 1 ? "create it with replication factor 3 and set min.insync.replicas=2"
                                            : "set min.insync.replicas=2"});
  }
}

void optional_number(http::JsonWriter& json, Literal name, const std::optional<int>& number) {
  if (number) {
    json.member(name, static_cast<std::int64_t>(*number));
  } else {
    json.null_member(name);
  }
}

void write_groups(http::JsonWriter& json, const std::vector<core::ConsumerView>& consumers) {
  json.name("groups");
  json.begin_array();
  for (const core::ConsumerView& consumer : consumers) {
    json.begin_object();
    json.member("name", consumer.name);
    json.member("state", consumer.state);
    json.member("client", consumer.client);
    json.name("commits");
    json.begin_object();
    if (consumer.commit_interval) {
      json.member("interval_ms", std::chrono::nanoseconds(*consumer.commit_interval));
    } else {
      json.null_member("interval_ms");
    }
    json.member("by_timer", consumer.commits_by_timer);
    json.end_object();
    json.member("anchored", anchored(consumer));
    json.member("early", consumer.early);
    json.member("may_be_early", consumer.may_be_early);
    json.member("acks", consumer.acks);
    json.member("share", consumer.share);
    http::write_consumed(json, consumer.topics);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string diagnose(const std::vector<core::ConsumerView>& consumers, const std::vector<core::TopicView>& topics,
                     const log::ClusterFacts& facts) {
  std::vector<Finding> findings;
  for (const core::ConsumerView& consumer : consumers) look_at(consumer, findings);
  look_at(facts, topics, findings);
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(b.error, a.subject) < std::tie(a.error, b.subject);
  });

  std::string out;
  http::JsonWriter json(out);
  json.begin_object();
  json.name("cluster");
  json.begin_object();
  optional_number(json, "coordinator_linger_ms", facts.coordinator_linger_ms);
  json.member("polling", facts.polling);
  json.name("blind_partitions");
  json.begin_array();
  for (const core::Partition partition : facts.blind) json.value(partition);
  json.end_array();
  json.end_object();
  write_groups(json, consumers);
  json.name("topics");
  json.begin_array();
  for (const core::TopicView& view : topics) {
    if (view.wait_for.empty()) continue;
    const auto fact = std::find_if(facts.topics.begin(), facts.topics.end(),
                                   [&](const log::ClusterFacts::Topic& topic) { return topic.name == view.name; });
    json.begin_object();
    json.member("name", view.name);
    const bool known = fact != facts.topics.end();
    optional_number(json, "replicas", known && fact->replicas > 0 ? std::optional(fact->replicas) : std::nullopt);
    optional_number(json, "min_insync_replicas", known ? fact->min_insync_replicas : std::nullopt);
    json.end_object();
  }
  json.end_array();
  json.name("findings");
  json.begin_array();
  for (const Finding& finding : findings) {
    json.begin_object();
    json.member("severity", finding.error ? "error" : "warning");
    json.member("subject", finding.subject);
    json.member("code", finding.code);
    json.member("problem", finding.problem);
    json.member("fix", finding.fix);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out.push_back('\n');
  return out;
}

}  // namespace tidemark::gateway
