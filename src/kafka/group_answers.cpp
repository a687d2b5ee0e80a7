#include "kafka/group_answers.h"

#include <algorithm>
#include <utility>

#include "kafka/done_above.h"
#include "kafka/offsets_records.h"
#include "wire/error_codes.h"

namespace tidemark::kafka {
namespace {

template <class Member>
void name_one(const Member& member, GroupMembers& members) {
  if (!members.client.empty() || !members.member.empty()) return;
  members.client = member.client_id;
  members.member = member.member_id;
}

// What every kind of answer begins with; with another verdict than `answered`
// there is nothing more in it.
template <class Answer>
GroupVerdict begin_members(const Answer& answer, GroupMembers& members) {
  const GroupVerdict verdict = verdict_of(answer.error_code);
  if (verdict != GroupVerdict::answered) return verdict;
  if (answer.group_state == "Dead") return GroupVerdict::not_found;
  members = {};
  members.managed = true;
  members.members = static_cast<int>(answer.members.size());
  members.topics_known = members.members > 0;
  return verdict;
}

template <class Member>
void add_subscribed(const Member& member, GroupMembers& members) {
  name_one(member, members);
  members.topics.insert(members.topics.end(), member.subscribed_topic_names.begin(),
                        member.subscribed_topic_names.end());
}

}  // namespace

GroupVerdict verdict_of(std::int16_t error_code) {
  switch (static_cast<wire::ErrorCode>(error_code)) {
    case wire::ErrorCode::none:
      return GroupVerdict::answered;
    case wire::ErrorCode::group_id_not_found:
    case wire::ErrorCode::unsupported_version:
      return GroupVerdict::not_found;
    case wire::ErrorCode::group_authorization_failed:
    case wire::ErrorCode::topic_authorization_failed:
    case wire::ErrorCode::cluster_authorization_failed:
    case wire::ErrorCode::invalid_group_id:
    case wire::ErrorCode::invalid_request:
      return GroupVerdict::refused;
    case wire::ErrorCode::not_coordinator:
    case wire::ErrorCode::coordinator_not_available:
      return GroupVerdict::moved;
    default:
      return GroupVerdict::retry;
  }
}

core::GroupState GroupMembers::state(std::string_view group, core::TailPositions as_of) const {
  core::GroupState state;
  state.group = group;
  state.managed = managed;
  state.members = members;
  state.topics_known = topics_known;
  state.topics = topics;
  state.client = client;
  state.member = member;
  state.ids_known = ids_known;
  state.ids = ids;
  state.as_of = std::move(as_of);
  return state;
}

GroupVerdict read_members(const wire::msg::DescribeGroupsResponse::DescribedGroup& answer, GroupMembers& members) {
  const GroupVerdict verdict = begin_members(answer, members);
  if (verdict != GroupVerdict::answered) return verdict;
  // A group that only commits has no protocol and no members, and never had.
  members.managed = members.members > 0 || !answer.protocol_type.empty();
  members.topics_known = members.topics_known && answer.protocol_type == "consumer";
  for (const auto& member : answer.members) {
    name_one(member, members);
    // Subscriptions are told of a stable group only.
    if (members.topics_known) members.topics_known = add_subscription(member.member_metadata, members.topics);
  }
  tidy_topics(members.topics);
  return GroupVerdict::answered;
}

GroupVerdict read_members(const wire::msg::ConsumerGroupDescribeResponse::DescribedGroup& answer,
                          GroupMembers& members) {
  const GroupVerdict verdict = begin_members(answer, members);
  if (verdict != GroupVerdict::answered) return verdict;
  members.ids_known = true;
  for (const auto& member : answer.members) {
    members.ids.push_back(member.member_id);
    add_subscribed(member, members);
    // Which topics a pattern means now shows in what the member was assigned.
    if (member.subscribed_topic_regex.value_or("").empty()) continue;
    members.topics_known = false;
    for (const auto& assigned : member.assignment.topic_partitions) members.topics.push_back(assigned.topic_name);
  }
  tidy_topics(members.topics);
  return GroupVerdict::answered;
}

GroupVerdict read_members(const wire::msg::ShareGroupDescribeResponse::DescribedGroup& answer, GroupMembers& members) {
  const GroupVerdict verdict = begin_members(answer, members);
  if (verdict != GroupVerdict::answered) return verdict;
  for (const auto& member : answer.members) add_subscribed(member, members);
  tidy_topics(members.topics);
  return GroupVerdict::answered;
}

ListedGroup read_listed(const wire::msg::ListGroupsResponse::ListedGroup& answer) {
  ListedGroup group;
  group.name = answer.group_id;
  std::string type = answer.group_type;
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (type == "classic") group.type = GroupType::classic;
  if (type == "consumer") group.type = GroupType::consumer;
  if (type == "share") group.type = GroupType::share;
  return group;
}

GroupVerdict read_offsets(const wire::msg::OffsetFetchResponse::OffsetFetchResponseGroup& answer,
                          const std::function<const std::string*(const Uuid&)>& name_of, std::vector<OffsetRow>& rows,
                          bool& unknown_topics) {
  rows.clear();
  unknown_topics = false;
  const GroupVerdict verdict = verdict_of(answer.error_code);
  // A group that does not exist has no offsets: that is an answer.
  if (verdict == GroupVerdict::not_found) return GroupVerdict::answered;
  if (verdict != GroupVerdict::answered) return verdict;
  for (const auto& topic : answer.topics) {
    const std::string* name = topic.name.empty() ? name_of(topic.topic_id) : &topic.name;
    if (name == nullptr) {
      unknown_topics = true;
      continue;
    }
    for (const auto& partition : topic.partitions) {
      // Only said where stable offsets were asked for: a transaction is open.
      if (static_cast<wire::ErrorCode>(partition.error_code) == wire::ErrorCode::unstable_offset_commit) return GroupVerdict::retry;
      if (partition.error_code != 0 || partition.committed_offset < 0 || partition.partition_index < 0) continue;
      OffsetRow& row = rows.emplace_back();
      row.topic_id = topic.topic_id;
      row.row.topic = *name;
      row.row.partition = partition.partition_index;
      row.row.offset = partition.committed_offset;
      row.row.leader_epoch = partition.committed_leader_epoch;
      row.row.done_above = read_done_above(partition.metadata.value_or(""), partition.committed_offset);
    }
  }
  return GroupVerdict::answered;
}

}  // namespace tidemark::kafka
