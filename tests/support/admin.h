// What an operator does to a cluster: topics, and the offsets of groups.
//
// Threading: each call makes a client of its own, blocks, and throws
// std::runtime_error with the broker's words on failure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/rdkafka.h"

namespace tidemark::test {

// `prefix` with a suffix that no other test, test process or run has: topics and
// groups live as long as the shared broker.
std::string unique_name(const std::string& prefix);

// Creates a topic and waits until the broker's metadata has its leaders. `nodes`: the brokers that
// hold each partition, its leader first; empty: one broker, whichever.
void create_topic(const std::string& bootstrap, const std::string& name, int partitions = 3,
                  const Settings& configs = {}, const std::vector<std::int32_t>& nodes = {});
// Creates one with a unique name, which it returns.
std::string create_unique_topic(const std::string& bootstrap, const std::string& prefix = "events",
                                int partitions = 3, const Settings& configs = {});
void delete_topic(const std::string& bootstrap, const std::string& name);
// Deletes the records of a partition below `offset`, as retention does: the log starts there.
void delete_records(const std::string& bootstrap, const std::string& name, std::int32_t partition, std::int64_t offset);
void add_partitions(const std::string& bootstrap, const std::string& name, int total);

// Denies everybody what `operation` does to __consumer_offsets; of brokers that keep ACLs.
void deny_commit_log(const std::string& bootstrap, rd_kafka_AclOperation_t operation);

// Sets the committed offset of a group without members, as kafka-consumer-groups.sh does.
void reset_offset(const std::string& bootstrap, const std::string& group, const std::string& topic,
                  std::int32_t partition, std::int64_t offset);
// Deletes a group without members.
void delete_group(const std::string& bootstrap, const std::string& group);
// The group's committed offsets of a topic by partition; none where it never committed.
std::map<std::int32_t, std::int64_t> committed_offsets(const std::string& bootstrap, const std::string& group,
                                                       const std::string& topic);
// Commits as a client that only assigned the partition does: no member, no processing.
void commit_offset(const std::string& bootstrap, const std::string& group, const std::string& topic,
                   std::int32_t partition, std::int64_t offset);

}  // namespace tidemark::test
