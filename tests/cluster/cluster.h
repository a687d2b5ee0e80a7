// The three nodes that ctest has started, one of which a test may take away.
//
// A test that ends with a node missing would fail the next one, whose fault it is
// not: so the fixture's end brings all of them back and waits until every replica
// is in sync again.
//
// Threading: one thread. Throws std::runtime_error when a node does not obey.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/process.h"

namespace tidemark::test {

class Cluster {
 public:
  static constexpr int kNodes = 3;

  Cluster();
  // Nodes as they were found: all up.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // All three addresses.
  const std::string& bootstrap() const { return bootstrap_; }

  // A topic of one partition, led by `leader`, with a replica on each node, all in sync.
  std::string create_topic(const std::string& prefix, int leader, int min_insync = 2, bool unclean = false);
  // The node that is the group's coordinator.
  int coordinator(const std::string& group) const;

  void kill(int node);   // kill -9; returns when it is dead
  void stop(int node);   // a clean end
  // Returns when they answer. Together, for one alone may wait for a quorum.
  void start(const std::vector<int>& nodes);
  void start_all();

  // The node that leads the partition; -1 while there is none.
  int leader(const std::string& topic, std::int32_t partition = 0) const;
  // Waits for a leader other than `node`, and returns it.
  int wait_for_leader_but(int node, const std::string& topic, std::int32_t partition = 0) const;
  // Waits until so many replicas of the partition are in sync.
  bool wait_in_sync(int replicas, const std::string& topic, std::int32_t partition = 0) const;
  // The nodes other than `node`.
  static std::vector<int> others(int node);

 private:
  struct Partition {
    int leader = -1;
    int in_sync = 0;
  };
  std::vector<Partition> partitions(const std::string& topic) const;
  bool whole() const;
  void command(const std::string& action, const std::vector<int>& nodes);

  std::string bootstrap_;
  std::string directory_;
  std::vector<bool> up_;
  std::vector<std::string> topics_;  // made by this test
};

// The partition of the commit log that holds a group's offsets.
int offsets_partition(const std::string& group, int partitions);

}  // namespace tidemark::test
