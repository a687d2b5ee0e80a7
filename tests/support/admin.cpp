// See admin.h.
#include "support/admin.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>

#include "support/eventually.h"

namespace tidemark::test {
namespace {

constexpr int kRequestMs = 20'000;

using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Freed<rd_kafka_NewTopic_destroy>>;
using DeleteTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, Freed<rd_kafka_DeleteTopic_destroy>>;
using NewPartitions = std::unique_ptr<rd_kafka_NewPartitions_t, Freed<rd_kafka_NewPartitions_destroy>>;
using DeleteRecords = std::unique_ptr<rd_kafka_DeleteRecords_t, Freed<rd_kafka_DeleteRecords_destroy>>;
using DeleteGroup = std::unique_ptr<rd_kafka_DeleteGroup_t, Freed<rd_kafka_DeleteGroup_destroy>>;
using AclBinding = std::unique_ptr<rd_kafka_AclBinding_t, Freed<rd_kafka_AclBinding_destroy>>;
using AlterOffsets =
    std::unique_ptr<rd_kafka_AlterConsumerGroupOffsets_t, Freed<rd_kafka_AlterConsumerGroupOffsets_destroy>>;
using ListOffsets =
    std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, Freed<rd_kafka_ListConsumerGroupOffsets_destroy>>;
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, Freed<rd_kafka_AdminOptions_destroy>>;

// One client, one question, one answer.
class Admin {
 public:
  explicit Admin(const std::string& bootstrap)
      : handle_(make_handle(RD_KAFKA_PRODUCER, make_conf(bootstrap, {}))), queue_(rd_kafka_queue_new(handle_.get())) {}

  rd_kafka_t* handle() const { return handle_.get(); }
  rd_kafka_queue_t* queue() const { return queue_.get(); }

  // The answer to the call just made; throws when the call as a whole failed.
  KafkaEvent answer(const std::string& what) const {
    KafkaEvent event(rd_kafka_queue_poll(queue_.get(), kRequestMs + 5'000));
    if (!event) throw std::runtime_error(what + ": no answer");
    if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error(what + ": " + rd_kafka_event_error_string(event.get()));
    }
    return event;
  }

  AdminOptions options(rd_kafka_admin_op_t operation) const {
    AdminOptions options(rd_kafka_AdminOptions_new(handle_.get(), operation));
    std::array<char, 256> reason{};
    throw_on(rd_kafka_AdminOptions_set_request_timeout(options.get(), kRequestMs, reason.data(), reason.size()),
             reason.data());
    return options;
  }

 private:
  KafkaHandle handle_;
  KafkaQueue queue_;
};

void check_topics(const rd_kafka_topic_result_t** results, std::size_t count, const std::string& what) {
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* reason = rd_kafka_topic_result_error_string(results[i]);
      throw std::runtime_error(what + ": " + (reason != nullptr ? reason : "failed"));
    }
  }
}

void check_groups(const rd_kafka_group_result_t** results, std::size_t count, const std::string& what) {
  for (std::size_t i = 0; i < count; ++i) {
    if (const rd_kafka_error_t* error = rd_kafka_group_result_error(results[i])) {
      throw std::runtime_error(what + ": " + rd_kafka_error_string(error));
    }
    const rd_kafka_topic_partition_list_t* partitions = rd_kafka_group_result_partitions(results[i]);
    for (int p = 0; partitions != nullptr && p < partitions->cnt; ++p) throw_on(partitions->elems[p].err, what);
  }
}

// How many partitions of the topic have a leader; -1 when the topic is not known.
int led_partitions(rd_kafka_t* handle, const std::string& name) {
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_topic_t* topic = rd_kafka_topic_new(handle, name.c_str(), nullptr);
  const auto code = rd_kafka_metadata(handle, 0, topic, &metadata, 5'000);
  rd_kafka_topic_destroy(topic);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return -1;
  int led = -1;
  if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    led = 0;
    for (int p = 0; p < metadata->topics[0].partition_cnt; ++p) led += metadata->topics[0].partitions[p].leader >= 0;
  }
  rd_kafka_metadata_destroy(metadata);
  return led;
}

KafkaPartitions one_partition(const std::string& topic, std::int32_t partition, std::int64_t offset) {
  KafkaPartitions partitions(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), partition)->offset = offset;
  return partitions;
}

}  // namespace

std::string unique_name(const std::string& prefix) {
  static std::atomic<int> count{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return prefix + "-" + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) + "-" +
         std::to_string(getpid()) + "-" + std::to_string(count++);
}

void create_topic(const std::string& bootstrap, const std::string& name, int partitions, const Settings& configs,
                  const std::vector<std::int32_t>& nodes) {
  const std::string what = "create topic " + name;
  const Admin admin(bootstrap);
  std::array<char, 256> reason{};
  NewTopic topic(rd_kafka_NewTopic_new(name.c_str(), partitions, nodes.empty() ? 1 : -1, reason.data(), reason.size()));
  if (!topic) throw std::runtime_error(what + ": " + reason.data());
  for (const auto& [key, value] : configs) {
    throw_on(rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str()), what);
  }
  for (std::int32_t p = 0; p < partitions && !nodes.empty(); ++p) {
    std::vector<std::int32_t> brokers = nodes;
    throw_on(rd_kafka_NewTopic_set_replica_assignment(topic.get(), p, brokers.data(), brokers.size(), reason.data(),
                                                      reason.size()),
             what);
  }
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  const AdminOptions options = admin.options(RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_CreateTopics(admin.handle(), topics, 1, options.get(), admin.queue());
  const KafkaEvent event = admin.answer(what);
  std::size_t count = 0;
  const auto** results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  check_topics(results, count, what);
  if (!eventually([&] { return led_partitions(admin.handle(), name) == partitions; })) {
    throw std::runtime_error(what + ": no leader for each partition");
  }
}

std::string create_unique_topic(const std::string& bootstrap, const std::string& prefix, int partitions,
                                const Settings& configs) {
  std::string name = unique_name(prefix);
  create_topic(bootstrap, name, partitions, configs);
  return name;
}

void delete_topic(const std::string& bootstrap, const std::string& name) {
  const std::string what = "delete topic " + name;
  const Admin admin(bootstrap);
  const DeleteTopic topic(rd_kafka_DeleteTopic_new(name.c_str()));
  rd_kafka_DeleteTopic_t* topics[] = {topic.get()};
  const AdminOptions options = admin.options(RD_KAFKA_ADMIN_OP_DELETETOPICS);
  rd_kafka_DeleteTopics(admin.handle(), topics, 1, options.get(), admin.queue());
  const KafkaEvent event = admin.answer(what);
  std::size_t count = 0;
  const auto** results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  check_topics(results, count, what);
  if (!eventually([&] { return led_partitions(admin.handle(), name) == -1; })) {
    throw std::runtime_error(what + ": it is still there");
  }
}

void delete_records(const std::string& bootstrap, const std::string& name, std::int32_t partition, std::int64_t offset) {
  const std::string what = "delete records of " + name;
  const Admin admin(bootstrap);
  const KafkaPartitions partitions = one_partition(name, partition, offset);
  const DeleteRecords wanted(rd_kafka_DeleteRecords_new(partitions.get()));
  rd_kafka_DeleteRecords_t* all[] = {wanted.get()};
  const AdminOptions options = admin.options(RD_KAFKA_ADMIN_OP_DELETERECORDS);
  rd_kafka_DeleteRecords(admin.handle(), all, 1, options.get(), admin.queue());
  const KafkaEvent event = admin.answer(what);
  const rd_kafka_topic_partition_list_t* answered =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  for (int p = 0; p < answered->cnt; ++p) throw_on(answered->elems[p].err, what);
}

void add_partitions(const std::string& bootstrap, const std::string& name, int total) {
  const std::string what = "add partitions to " + name;
  const Admin admin(bootstrap);
  std::array<char, 256> reason{};
  const NewPartitions wanted(
      rd_kafka_NewPartitions_new(name.c_str(), static_cast<std::size_t>(total), reason.data(), reason.size()));
  if (!wanted) throw std::runtime_error(what + ": " + reason.data());
  rd_kafka_NewPartitions_t* all[] = {wanted.get()};
  const AdminOptions options = admin.options(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS);
  rd_kafka_CreatePartitions(admin.handle(), all, 1, options.get(), admin.queue());
  const KafkaEvent event = admin.answer(what);
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count);
  check_topics(results, count, what);
  if (!eventually([&] { return led_partitions(admin.handle(), name) == total; })) {
    throw std::runtime_error(what + ": no leader for each partition");
  }
}

void deny_commit_log(const std::string& bootstrap, rd_kafka_AclOperation_t operation) {
  const std::string what = "deny the commit log";
  const Admin admin(bootstrap);
  std::array<char, 256> reason{};
  const AclBinding acl(rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, "__consumer_offsets",
                                               RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:ANONYMOUS", "*", operation,
                                               RD_KAFKA_ACL_PERMISSION_TYPE_DENY, reason.data(), reason.size()));
  if (!acl) throw std::runtime_error(what + ": " + reason.data());
  rd_kafka_AclBinding_t* all[] = {acl.get()};
  rd_kafka_CreateAcls(admin.handle(), all, 1, nullptr, admin.queue());
  const KafkaEvent event = admin.answer(what);
  std::size_t count = 0;
  const auto** results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i)
    if (const rd_kafka_error_t* error = rd_kafka_acl_result_error(results[i]))
      throw std::runtime_error(what + ": " + rd_kafka_error_string(error));
}

namespace {

// librdkafka 2.0.2 crashes when its ListConsumerGroupOffsets is the first that a
// fresh cluster hears of groups: there is no coordinator then. A consumer that
// asks for its position takes no for an answer, so that asks first.
void wait_for_coordinator(const std::string& bootstrap, const std::string& group) {
  static std::set<std::string> seen;
  if (seen.contains(bootstrap)) return;
  const KafkaHandle consumer = make_handle(RD_KAFKA_CONSUMER, make_conf(bootstrap, {{"group.id", group}}));
  const KafkaPartitions nowhere = one_partition("nowhere", 0, RD_KAFKA_OFFSET_INVALID);
  const auto answers = [&] {
    const rd_kafka_resp_err_t error = rd_kafka_committed(consumer.get(), nowhere.get(), 1000);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  };
  if (!eventually(answers)) throw std::runtime_error("no coordinator for " + group);
  seen.insert(bootstrap);
}

}  // namespace

void reset_offset(const std::string& bootstrap, const std::string& group, const std::string& topic,
                  std::int32_t partition, std::int64_t offset) {
  const std::string what = "reset offset of " + group;
  const Admin admin(bootstrap);
  const KafkaPartitions partitions = one_partition(topic, partition, offset);
  const AlterOffsets alter(rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), partitions.get()));
  rd_kafka_AlterConsumerGroupOffsets_t* all[] = {alter.get()};
  const AdminOptions options = admin.options(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS);
  rd_kafka_AlterConsumerGroupOffsets(admin.handle(), all, 1, options.get(), admin.queue());
  const KafkaEvent event = admin.answer(what);
  std::size_t count = 0;
  const auto** results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
  check_groups(results, count, what);
}

void delete_group(const std::string& bootstrap, const std::string& group) {
  const std::string what = "delete group " + group;
  const Admin admin(bootstrap);
  const DeleteGroup wanted(rd_kafka_DeleteGroup_new(group.c_str()));
  rd_kafka_DeleteGroup_t* all[] = {wanted.get()};
  const AdminOptions options = admin.options(RD_KAFKA_ADMIN_OP_DELETEGROUPS);
  rd_kafka_DeleteGroups(admin.handle(), all, 1, options.get(), admin.queue());
  const KafkaEvent event = admin.answer(what);
  std::size_t count = 0;
  const auto** results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count);
  check_groups(results, count, what);
}

std::map<std::int32_t, std::int64_t> committed_offsets(const std::string& bootstrap, const std::string& group,
                                                       const std::string& topic) {
  const std::string what = "committed offsets of " + group;
  wait_for_coordinator(bootstrap, group);
  const Admin admin(bootstrap);
  const ListOffsets wanted(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr));
  rd_kafka_ListConsumerGroupOffsets_t* all[] = {wanted.get()};
  const AdminOptions options = admin.options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
  rd_kafka_ListConsumerGroupOffsets(admin.handle(), all, 1, options.get(), admin.queue());
  const KafkaEvent event = admin.answer(what);
  std::size_t count = 0;
  const auto** results = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  check_groups(results, count, what);
  std::map<std::int32_t, std::int64_t> offsets;
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_topic_partition_list_t* partitions = rd_kafka_group_result_partitions(results[i]);
    for (int p = 0; partitions != nullptr && p < partitions->cnt; ++p) {
      const rd_kafka_topic_partition_t& entry = partitions->elems[p];
      if (entry.topic == topic && entry.offset >= 0) offsets[entry.partition] = entry.offset;
    }
  }
  return offsets;
}

void commit_offset(const std::string& bootstrap, const std::string& group, const std::string& topic,
                   std::int32_t partition, std::int64_t offset) {
  const KafkaHandle consumer = make_handle(
      RD_KAFKA_CONSUMER, make_conf(bootstrap, {{"group.id", group}, {"enable.auto.commit", "false"}}));
  const KafkaPartitions partitions = one_partition(topic, partition, offset);
  throw_on(rd_kafka_commit(consumer.get(), partitions.get(), 0), "commit of " + group);
}

}  // namespace tidemark::test
