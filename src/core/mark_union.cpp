#include "core/mark_union.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "core/mark_derived.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

// What the mark says of one consumer at one position, when two marks say it.
Anchor lower(const Anchor& a, const Anchor& b) {
  const auto order = [](const Anchor& x) {
    return std::tuple(x.committed, x.declared, !x.at.known(), x.at.partition, x.at.offset);
  };
  return order(b) < order(a) ? b : a;
}

// `first`: where both begin, kNoOffset where they differ.
void unite_expected(std::vector<Expected>& into, const std::vector<Expected>& from, Offset first) {
  // Above the start an anchor is a barrier's baseline, which says that less is
  // asked. It cannot speak for a mark that asks for all.
  const auto holds_for_both = [&](const Anchor& anchor) { return anchor.known() && anchor.committed <= first; };
  for (const Expected& expected : from) {
    const auto match =
        std::find_if(into.begin(), into.end(), [&](const Expected& e) { return e.name == expected.name; });
    if (match == into.end()) {
      into.push_back(expected);
      continue;
    }
    match->by = std::min(match->by, expected.by);
    if (match->anchor.known() && expected.anchor.known()) {
      match->anchor = lower(match->anchor, expected.anchor);
    } else if (!holds_for_both(match->anchor)) {
      match->anchor = holds_for_both(expected.anchor) ? expected.anchor : Anchor{};
    }
  }
}

// One place under two leader epochs: the log was cut off between, and what was there under the lower may be lost.
std::int32_t lower_epoch(std::int32_t a, std::int32_t b) { return a < 0 ? b : b < 0 ? a : std::min(a, b); }

// An anchor above the widened range's start was taken for another position.
void widen(Term& into, const Term& from) {
  unite_expected(into.expected, from.expected, kNoOffset);
  into.kind = Term::Kind::prefix;
  into.id = Uuid{};
  into.leader_epoch = into.last > from.last   ? into.leader_epoch
                      : into.last < from.last ? from.leader_epoch
                                              : lower_epoch(into.leader_epoch, from.leader_epoch);
  into.first = std::min(into.first, from.first);
  into.last = std::max(into.last, from.last);
  for (Expected& expected : into.expected)
    if (expected.anchor.committed > into.first) expected.anchor = Anchor{};
}

using PartitionKey = std::tuple<std::string, Uuid, Partition>;

PartitionKey partition_of(const Term& term) { return {term.topic, term.topic_id, term.partition}; }

bool before(const Term& a, const Term& b) {
  return std::tuple(partition_of(a), a.kind, a.first, a.last, a.id) <
         std::tuple(partition_of(b), b.kind, b.first, b.last, b.id);
}

}  // namespace

std::vector<Term> compact(std::vector<Term> terms, std::size_t events) {
  std::map<PartitionKey, std::vector<Term>> partitions;
  std::vector<Term> result;
  for (Term& term : terms) {
    if (term.kind == Term::Kind::pending) {
      const auto same = std::find_if(result.begin(), result.end(), [&](const Term& t) { return t.id == term.id; });
      if (same == result.end()) {
        result.push_back(std::move(term));
      } else {
        same->first = same->last = std::min(same->first, term.first);
        unite_expected(same->expected, term.expected, same->first);
      }
      continue;
    }
    std::vector<Term>& here = partitions[partition_of(term)];
    const auto same = std::find_if(here.begin(), here.end(), [&](const Term& t) {
      return t.kind == term.kind && t.first == term.first && t.last == term.last;
    });
    if (same != here.end()) {
      unite_expected(same->expected, term.expected, same->first);
      if (same->id.is_nil()) same->id = term.id;
      same->leader_epoch = lower_epoch(same->leader_epoch, term.leader_epoch);
    } else {
      here.push_back(std::move(term));
    }
  }
  for (auto& [key, here] : partitions) {
    const bool has_prefix =
        std::any_of(here.begin(), here.end(), [](const Term& t) { return t.kind == Term::Kind::prefix; });
    if (here.size() > events || (has_prefix && here.size() > 1)) {
      std::sort(here.begin(), here.end(), [](const Term& a, const Term& b) {
        return std::tuple(a.last, a.kind, a.first) < std::tuple(b.last, b.kind, b.first);
      });
      // A prefix takes in what lies below it; events above it stay events while few.
      std::vector<Term> kept;
      for (Term& term : here) {
        if (!kept.empty() && (term.kind == Term::Kind::prefix || here.size() > events)) {
          widen(kept.front(), term);
          for (std::size_t i = 1; i < kept.size(); ++i) widen(kept.front(), kept[i]);
          kept.resize(1);
        } else {
          kept.push_back(std::move(term));
        }
      }
      here = std::move(kept);
    }
    for (Term& term : here) result.push_back(std::move(term));
  }
  std::sort(result.begin(), result.end(), before);
  for (Term& term : result)
    std::sort(term.expected.begin(), term.expected.end(),
              [](const Expected& a, const Expected& b) { return a.name < b.name; });
  return result;
}

std::optional<Error> beyond_bounds(const Mark& mark) {
  if (mark.derived.size() > Mark::kMaxDerived)
    return Error{ErrorKind::limit, "the mark would name more than " + std::to_string(Mark::kMaxDerived) + " derived topics"};
  if (mark.terms.size() > Mark::kMaxTerms)
    return Error{ErrorKind::limit, "the mark would have " + std::to_string(mark.terms.size()) +
                                       " positions, more than the " + std::to_string(Mark::kMaxTerms) + " allowed"};
  for (const Term& term : mark.terms)
    if (term.expected.size() > Mark::kMaxExpected)
      return Error{ErrorKind::limit, "the mark would name more than " + std::to_string(Mark::kMaxExpected) +
                                         " consumers for one position"};
  return std::nullopt;
}

Result<Mark> merge(const Mark& a, const Mark& b) {
  Mark merged{std::max(a.scope, b.scope), a.terms};
  merged.terms.insert(merged.terms.end(), b.terms.begin(), b.terms.end());
  merged.derived = unite(a.derived, b.derived);
  if (planted(Bug::merge_takes_maximum)) {
    const auto highest = std::max_element(merged.terms.begin(), merged.terms.end(),
                                          [](const Term& x, const Term& y) { return x.last < y.last; });
    merged.terms = {Term(*highest)};
    return merged;
  }
  merged.terms = compact(std::move(merged.terms), Mark::kEventTermsPerPartition);
  if (auto beyond = beyond_bounds(merged)) return std::move(*beyond);
  return merged;
}

}  // namespace tidemark::core
