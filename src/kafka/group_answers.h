// What the answers about groups mean.
//
// Kafka says "no such group" in four ways, hides members while a group
// rebalances, and names topics by id in its newest versions. Read here, apart
// from the connections, each can be tested on an answer's value alone.
//
// Pure. Threading: none.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "core/events.h"
#include "kafka/group_asker.h"
#include "wire/generated/consumer_group_describe.h"
#include "wire/generated/describe_groups.h"
#include "wire/generated/list_groups.h"
#include "wire/generated/offset_fetch.h"
#include "wire/generated/share_group_describe.h"

namespace tidemark::kafka {

enum class GroupVerdict {
  answered,
  not_found,  // not a group of the asked type
  retry,
  moved,    // retry, after finding its coordinator again
  refused,  // it will never be answered: no permission, or no valid name
};

GroupVerdict verdict_of(std::int16_t error_code);

// Who is in a group; owns what a core::GroupState points to.
struct GroupMembers {
  bool managed = false;
  int members = 0;
  bool topics_known = false;
  std::vector<std::string> topics;
  std::string client;  // of one member
  std::string member;  // its id
  bool ids_known = false;
  std::vector<std::string> ids;  // of all, where known

  core::GroupState state(std::string_view group, core::TailPositions as_of) const;
};

GroupVerdict read_members(const wire::msg::DescribeGroupsResponse::DescribedGroup& answer, GroupMembers& members);
GroupVerdict read_members(const wire::msg::ConsumerGroupDescribeResponse::DescribedGroup& answer,
                          GroupMembers& members);
GroupVerdict read_members(const wire::msg::ShareGroupDescribeResponse::DescribedGroup& answer, GroupMembers& members);

ListedGroup read_listed(const wire::msg::ListGroupsResponse::ListedGroup& answer);

struct OffsetRow {
  core::SeedRow row;
  Uuid topic_id;
};
// The rows that have an offset. `name_of` gives a topic's name by its id, or
// nothing; `unknown_topics` says that it gave nothing for some row.
GroupVerdict read_offsets(const wire::msg::OffsetFetchResponse::OffsetFetchResponseGroup& answer,
                          const std::function<const std::string*(const Uuid&)>& name_of, std::vector<OffsetRow>& rows,
                          bool& unknown_topics);

}  // namespace tidemark::kafka
