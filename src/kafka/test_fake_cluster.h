// Two brokers that hold a commit log, for tests of KafkaLog: leaders move, groups
// answer errors, offsets vanish, exactly when a test says.
//
// Threading: on the io_context's thread.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kafka/test_batches.h"
#include "wire/client_fake_broker.h"
#include "wire/generated/consumer_group_describe.h"
#include "wire/generated/create_topics.h"
#include "wire/generated/describe_configs.h"
#include "wire/generated/describe_groups.h"
#include "wire/generated/fetch.h"
#include "wire/generated/find_coordinator.h"
#include "wire/generated/list_groups.h"
#include "wire/generated/list_offsets.h"
#include "wire/generated/metadata.h"
#include "wire/generated/offset_fetch.h"
#include "wire/generated/offset_for_leader_epoch.h"
#include "wire/generated/share_group_describe.h"

namespace tidemark::kafka::test {

class FakeCluster {
 public:
  using Exchange = wire::test::FakeBroker::Exchange;

  // A partition of __consumer_offsets.
  struct Partition {
    std::int32_t leader = 1;
    std::int32_t epoch = 0;
    core::Offset log_start = 0;
    core::Offset last_stable = 0;
    core::Offset end = 0;
    std::vector<std::pair<core::Offset, std::string>> batches;  // by base offset
    core::Offset by_time = 0;                                   // answer to every question by timestamp
    std::vector<wire::msg::FetchResponse::AbortedTransaction> aborted{};
  };
  struct Group {
    std::string type = "Classic";
    std::string state = "Empty";
    int members = 0;                                  // of a classic group
    std::map<core::Partition, core::Offset> offsets;  // of topic "orders"
    int unstable = 0;                                 // questions for stable offsets to come that find a transaction open
    int errors = 0;                                   // answers to come that say COORDINATOR_LOAD_IN_PROGRESS
  };

  explicit FakeCluster(boost::asio::io_context& io)
      : brokers_{wire::test::FakeBroker(io), wire::test::FakeBroker(io)}, timer_(io) {
    for (std::int32_t id = 1; id <= 2; ++id) serve(id);
    end_long_polls();
  }

  std::string bootstrap() const { return brokers_[0].address().to_string(); }

  std::vector<Partition> partitions;  // none: the topic does not exist
  Uuid topic_id{{1}};
  std::optional<std::int32_t> orders_epoch;  // leader epoch of topic "orders", which has one partition; none: no topic
  bool hidden = false;      // the topic is left out of the list of all topics
  bool denied = false;      // asked for by name, or read, it is denied
  std::map<std::string, Group> groups;
  std::int16_t create_error = 0;                // answer to CreateTopics, which makes nothing
  std::map<std::string, std::string> settings;  // of every broker and topic
  // Every request but Metadata and Fetch, in order: "ListOffsets/1" (isolation), "OffsetFetch", …
  std::vector<std::string> asked;

  // Adds a batch at the partition's end; `settled`: the last stable offset follows.
  void append(core::Partition number, const std::string& batch, core::Offset next, bool settled = true) {
    Partition& partition = partitions[static_cast<std::size_t>(number)];
    partition.batches.emplace_back(partition.end, batch);
    partition.end = next;
    if (settled) partition.last_stable = next;
    answer_fetches();
  }
  // From now on the brokers know where leader epochs of "orders" ended.
  void tell_epochs(std::map<std::int32_t, core::Offset> ends) {
    using wire::msg::OffsetForLeaderEpochRequest;
    for (auto& broker : brokers_)
      on<OffsetForLeaderEpochRequest>(broker, 4, [this, ends](const Exchange& exchange, const auto& request) {
        asked.push_back("OffsetForLeaderEpoch");
        wire::msg::OffsetForLeaderEpochResponse response;
        for (const auto& topic : request.topics) {
          auto& answered = response.topics.emplace_back();
          answered.topic = topic.topic;
          for (const auto& wanted : topic.partitions) {
            auto& row = answered.partitions.emplace_back();
            row.partition = wanted.partition;
            row.leader_epoch = wanted.leader_epoch;
            row.end_offset = ends.contains(wanted.leader_epoch) ? ends.at(wanted.leader_epoch) : -1;
          }
        }
        exchange.reply<OffsetForLeaderEpochRequest>(response);
      });
  }
  void move(core::Partition number, std::int32_t leader) {
    Partition& partition = partitions[static_cast<std::size_t>(number)];
    partition.leader = leader;
    ++partition.epoch;
    answer_fetches();
  }
  // Answers the fetches that wait, with what there is.
  void answer_fetches() {
    for (auto& [exchange, broker] : std::exchange(waiting_, {})) fetch(exchange, broker, true);
  }

 private:
  // A fetch that has nothing to tell is answered after this time at the latest.
  static constexpr std::chrono::milliseconds kLongPoll{20};

  void end_long_polls() {
    timer_.expires_after(kLongPoll);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      answer_fetches();
      end_long_polls();
    });
  }

  static constexpr std::int16_t kLoading = 14;

  template <class Request, class Handle>
  void on(wire::test::FakeBroker& broker, std::int16_t version, Handle handle) {
    broker.speaks<Request>(version, version);
    broker.on<Request>([handle](const Exchange& exchange) { handle(exchange, exchange.request<Request>()); });
  }

  void serve(std::int32_t id) {
    using namespace wire::msg;  // NOLINT: one function's worth
    auto& broker = brokers_[static_cast<std::size_t>(id - 1)];
    on<MetadataRequest>(broker, 12, [this](const Exchange& exchange, const auto& request) {
      exchange.reply<MetadataRequest>(metadata(request.topics.has_value()));
    });
    on<ListOffsetsRequest>(broker, 7, [this, id](const Exchange& exchange, const auto& request) {
      asked.push_back("ListOffsets/" + std::to_string(request.isolation_level));
      exchange.reply<ListOffsetsRequest>(ends(request, id));
    });
    broker.speaks<FetchRequest>(13, 13);
    broker.on<FetchRequest>([this, id](const Exchange& exchange) { fetch(exchange, id, false); });
    on<CreateTopicsRequest>(broker, 7, [this](const Exchange& exchange, const auto& request) {
      CreateTopicsResponse response;
      for (const auto& topic : request.topics) {
        asked.push_back("CreateTopics " + topic.name);
        auto& result = response.topics.emplace_back();
        result.name = topic.name;
        result.error_code = create_error;
      }
      exchange.reply<CreateTopicsRequest>(response);
    });
    on<DescribeConfigsRequest>(broker, 4, [this](const Exchange& exchange, const auto& request) {
      exchange.reply<DescribeConfigsRequest>(describe(request));
    });
    on<ListGroupsRequest>(broker, 5, [this, id](const Exchange& exchange, const auto&) {
      asked.push_back("ListGroups");
      exchange.reply<ListGroupsRequest>(list(id));
    });
    on<FindCoordinatorRequest>(broker, 4, [](const Exchange& exchange, const auto& request) {
      FindCoordinatorResponse response;
      for (const auto& key : request.coordinator_keys) {
        auto& found = response.coordinators.emplace_back();
        found.key = key;
        found.node_id = 1;
      }
      exchange.reply<FindCoordinatorRequest>(response);
    });
    on<OffsetFetchRequest>(broker, 8, [this](const Exchange& exchange, const auto& request) {
      asked.push_back("OffsetFetch");
      exchange.reply<OffsetFetchRequest>(offsets(request));
    });
    on<DescribeGroupsRequest>(broker, 5, [this](const Exchange& exchange, const auto& request) {
      DescribeGroupsResponse response;
      for (const auto& name : request.groups) {
        auto& described = response.groups.emplace_back();
        described.group_id = name;
        const auto found = groups.find(name);
        const bool known = found != groups.end() && found->second.type == "Classic";
        described.group_state = known ? found->second.state : "Dead";
        if (!known || found->second.members == 0) continue;
        described.protocol_type = "consumer";
        described.members.resize(static_cast<std::size_t>(found->second.members));
      }
      exchange.reply<DescribeGroupsRequest>(response);
    });
    on<ConsumerGroupDescribeRequest>(broker, 0, [this](const Exchange& exchange, const auto& request) {
      ConsumerGroupDescribeResponse response;
      for (const auto& name : request.group_ids) {
        auto& described = response.groups.emplace_back();
        described.group_id = name;
        const auto found = groups.find(name);
        if (found == groups.end() || found->second.type != "Consumer") {
          described.error_code = 69;
        } else {
          described.group_state = found->second.state;
          described.members.resize(1);
          described.members[0].subscribed_topic_names = {"orders"};
        }
      }
      exchange.reply<ConsumerGroupDescribeRequest>(response);
    });
    on<ShareGroupDescribeRequest>(broker, 1, [this](const Exchange& exchange, const auto& request) {
      asked.push_back("ShareGroupDescribe");
      ShareGroupDescribeResponse response;
      for (const auto& name : request.group_ids) {
        auto& described = response.groups.emplace_back();
        described.group_id = name;
        const auto found = groups.find(name);
        if (found == groups.end() || found->second.type != "Share") {
          described.error_code = 69;
          continue;
        }
        described.group_state = found->second.state;
        described.members.resize(static_cast<std::size_t>(found->second.members));
      }
      exchange.reply<ShareGroupDescribeRequest>(response);
    });
  }

  wire::msg::MetadataResponse metadata(bool by_name) {
    wire::msg::MetadataResponse response;
    for (std::int32_t id = 1; id <= 2; ++id) {
      auto& broker = response.brokers.emplace_back();
      broker.node_id = id;
      broker.host = "127.0.0.1";
      broker.port = brokers_[static_cast<std::size_t>(id - 1)].address().port;
    }
    if (orders_epoch && !by_name) {
      auto& orders = response.topics.emplace_back();
      orders.name = "orders";
      orders.topic_id = Uuid{{2}};
      auto& partition = orders.partitions.emplace_back();
      partition.leader_id = 1;
      partition.leader_epoch = *orders_epoch;
    }
    if (partitions.empty() || (hidden && !by_name)) return response;
    auto& topic = response.topics.emplace_back();
    topic.name = "__consumer_offsets";
    if (by_name && hidden) {
      topic.error_code = denied ? 29 : 3;
      return response;
    }
    topic.topic_id = topic_id;
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = static_cast<std::int32_t>(i);
      partition.leader_id = partitions[i].leader;
      partition.leader_epoch = partitions[i].epoch;
    }
    return response;
  }

  wire::msg::DescribeConfigsResponse describe(const wire::msg::DescribeConfigsRequest& request) {
    wire::msg::DescribeConfigsResponse response;
    for (const auto& resource : request.resources) {
      auto& result = response.results.emplace_back();
      result.resource_type = resource.resource_type;
      result.resource_name = resource.resource_name;
      for (const std::string& name : resource.configuration_keys.value_or(std::vector<std::string>{})) {
        if (!settings.contains(name)) continue;
        auto& config = result.configs.emplace_back();
        config.name = name;
        config.value = settings[name];
      }
    }
    return response;
  }

  wire::msg::ListOffsetsResponse ends(const wire::msg::ListOffsetsRequest& request, std::int32_t broker) {
    wire::msg::ListOffsetsResponse response;
    for (const auto& topic : request.topics) {
      auto& answered = response.topics.emplace_back();
      answered.name = topic.name;
      for (const auto& wanted : topic.partitions) {
        const Partition& partition = partitions[static_cast<std::size_t>(wanted.partition_index)];
        auto& row = answered.partitions.emplace_back();
        row.partition_index = wanted.partition_index;
        if (partition.leader != broker) {
          row.error_code = 6;
        } else {
          row.offset = request.isolation_level == 1 ? partition.last_stable : partition.end;
          if (wanted.timestamp == -2) row.offset = partition.log_start;
          if (wanted.timestamp >= 0) row.offset = partition.by_time;
        }
      }
    }
    return response;
  }

  wire::msg::ListGroupsResponse list(std::int32_t broker) {
    wire::msg::ListGroupsResponse response;
    for (const auto& [name, group] : groups) {
      if (broker != 1) break;
      auto& listed = response.groups.emplace_back();
      listed.group_id = name;
      listed.group_type = group.type;
      listed.group_state = group.state;
    }
    return response;
  }

  wire::msg::OffsetFetchResponse offsets(const wire::msg::OffsetFetchRequest& request) {
    wire::msg::OffsetFetchResponse response;
    for (const auto& wanted : request.groups) {
      auto& answered = response.groups.emplace_back();
      answered.group_id = wanted.group_id;
      const auto found = groups.find(wanted.group_id);
      if (found == groups.end()) continue;
      Group& group = found->second;
      if (group.errors > 0) {
        --group.errors;
        answered.error_code = kLoading;
        continue;
      }
      auto& topic = answered.topics.emplace_back();
      topic.name = "orders";
      const bool unstable = request.require_stable && group.unstable > 0;
      if (unstable) --group.unstable;
      for (const auto& [partition, offset] : group.offsets) {
        auto& row = topic.partitions.emplace_back();
        if (unstable) row.error_code = 88;
        row.partition_index = partition;
        row.committed_offset = offset;
      }
    }
    return response;
  }

  // Keeps the request when it has nothing to say, unless it `must_answer`.
  void fetch(const Exchange& exchange, std::int32_t broker, bool must_answer) {
    const auto request = exchange.request<wire::msg::FetchRequest>();
    wire::msg::FetchResponse response;
    bool news = false;
    for (const auto& topic : request.topics) {
      auto& answered = response.responses.emplace_back();
      answered.topic_id = topic.topic_id;
      for (const auto& wanted : topic.partitions) {
        const Partition& partition = partitions[static_cast<std::size_t>(wanted.partition)];
        auto& data = answered.partitions.emplace_back();
        data.partition_index = wanted.partition;
        data.high_watermark = partition.end;
        data.records.emplace();
        if (denied) {
          data.error_code = 29;
        } else if (topic.topic_id != topic_id) {
          data.error_code = 100;
        } else if (partition.leader != broker) {
          data.error_code = 6;
        } else if (wanted.fetch_offset < partition.log_start || wanted.fetch_offset > partition.end) {
          data.error_code = 1;
        }
        const core::Offset end = request.isolation_level == 1 ? partition.last_stable : partition.end;
        data.last_stable_offset = partition.last_stable;
        if (request.isolation_level == 1) data.aborted_transactions = partition.aborted;
        if (data.error_code == 0) *data.records = bytes_from(partition, wanted.fetch_offset, end);
        news |= data.error_code != 0 || !data.records->empty();
      }
    }
    if (!news && !must_answer) {
      waiting_.emplace_back(exchange, broker);
      return;
    }
    exchange.reply<wire::msg::FetchRequest>(response);
  }

  std::string_view bytes_from(const Partition& partition, core::Offset offset, core::Offset end) {
    std::string& bytes = fetched_.emplace_back();
    for (std::size_t i = 0; i < partition.batches.size(); ++i) {
      const core::Offset next = i + 1 < partition.batches.size() ? partition.batches[i + 1].first : partition.end;
      if (next > offset && partition.batches[i].first < end) bytes += partition.batches[i].second;
    }
    return bytes;
  }

  std::array<wire::test::FakeBroker, 2> brokers_;
  std::vector<std::pair<Exchange, std::int32_t>> waiting_;
  boost::asio::steady_timer timer_;
  std::deque<std::string> fetched_;  // what responses point to
};

}  // namespace tidemark::kafka::test
