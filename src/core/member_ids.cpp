#include "core/member_ids.h"

#include <algorithm>
#include <utility>

#include "core/plant.h"

namespace tidemark::core {

void MemberIds::answered(std::span<const std::string> ids, const TailPositions& as_of, bool in_sync) {
  answered_.reset();
  Offset from = 0;
  if (at_.known()) {
    const auto partition = static_cast<std::size_t>(at_.partition);
    if (as_of == nullptr || partition >= as_of->size()) return;  // nobody knows from when it is
    from = (*as_of)[partition];
    if (known() ? at_.offset >= from : kept_from_ > from) return;
  }
  if (in_sync && known()) return;
  if (ids.size() > kMost) return;
  if (std::any_of(ids.begin(), ids.end(), [](const std::string& id) { return id.size() > kLongest; })) return;
  answered_.emplace(ids.begin(), ids.end());
  std::sort(answered_->begin(), answered_->end());
  for (const Change& change : changes_) {
    if (change.at < from) continue;
    change.comes ? put(answered_, change.member) : take(answered_, change.member);
  }
  if (in_sync) caught_up();
}

void MemberIds::caught_up() {
  if (!answered_) return;
  ids_ = std::exchange(answered_, std::nullopt);
  changes_.clear();
}

void MemberIds::keep(std::string_view member, bool comes) {
  if (known()) return;
  if (changes_.size() == kKept || member.size() > kLongest) {
    changes_.clear();
    kept_from_ = at_.offset + 1;
  } else {
    changes_.push_back({at_.offset, comes, std::string(member)});
  }
}

bool MemberIds::reads(LogPoint at) {
  if (at_.partition == at.partition && at.offset <= at_.offset) return false;
  at_ = at;
  return true;
}

void MemberIds::put(Ids& ids, std::string_view member) {
  if (!ids) return;
  const auto place = std::lower_bound(ids->begin(), ids->end(), member);
  if (place != ids->end() && *place == member) return;
  if (ids->size() >= kMost || member.size() > kLongest) return ids.reset();
  ids->emplace(place, member);
}

void MemberIds::take(Ids& ids, std::string_view member) {
  if (!ids) return;
  const auto place = std::lower_bound(ids->begin(), ids->end(), member);
  if (planted(Bug::member_gone_is_last)) return ids->clear();
  if (place != ids->end() && *place == member) ids->erase(place);
}

void MemberIds::comes(std::string_view member) {
  begun_ = false;
  keep(member, true);
  const bool was_known = known();
  put(ids_, member);
  if (was_known && !known()) kept_from_ = at_.offset + 1;
  put(answered_, member);
}

void MemberIds::goes(std::string_view member) {
  if (planted(Bug::member_gone_is_ignored)) return;
  begun_ = false;
  keep(member, false);
  take(ids_, member);
  take(answered_, member);
}

void MemberIds::begins() {
  begun_ = true;
  ids_.emplace();
  answered_.reset();
  changes_.clear();
}

void MemberIds::forget() {
  ids_.reset();
  answered_.reset();
  changes_.clear();
  kept_from_ = at_.offset + 1;
}

}  // namespace tidemark::core
