// The derived part of a mark: its bytes, and several made one.
//
// It is much the largest part where topics have many partitions, so that it must
// be small and may be given up piece by piece: without positions the topics and
// their readers are still known, and a wait is judged by what the gateway that
// resumes it has seen itself.
//
// Format, at the end of a mark of version 2: uvarint topics, then each: name
// (uvarint length + bytes), u8 has_id [+ 16 bytes topic id], uvarint floors, then
// each as uvarint;
//   uvarint writers, then each: uvarint index of name, input (uvarint length +
//     bytes), u8 emits (bits 0-1) and dead letter (bit 2) [+ uvarint ms of `within`];
//   uvarint readers, then each: uvarint index of name, u8 expected_by (bits 0-3)
//     and whether an anchor's record is known (bit 4) [+ uvarint commits partition],
//     uvarint anchors, then each: u8 flags (bit 0 known, 1 declared, 2 record
//     known) [+ uvarint floor - committed] [+ uvarint commits offset]. All commits
//     of a group are in one partition.
//
// Private to core. Threading: none.
#pragma once

#include <string>
#include <vector>

#include "core/mark.h"
#include "core/mark_bytes.h"

namespace tidemark::core {

constexpr std::uint8_t kHighestBy = static_cast<std::uint8_t>(ExpectedBy::declared);
ExpectedBy expected_by(std::uint8_t value);

// Views of the names, which `derived` owns.
void add_names(const std::vector<Derived>& derived, std::vector<std::string_view>& names);
// `names` sorted, each once.
void pack_derived(Packer& out, const std::vector<Derived>& derived, const std::vector<std::string_view>& names);
// Bounded by Mark's limits; a reader that failed says so by in.ok().
std::vector<Derived> unpack_derived(Unpacker& in, const std::vector<std::string>& names);

// Leaves out the positions of the topic that has the most. False: none has any.
bool forget_most(std::vector<Derived>& derived);

// Union, as core::merge.
std::vector<Derived> unite(std::vector<Derived> a, const std::vector<Derived>& b);

}  // namespace tidemark::core
