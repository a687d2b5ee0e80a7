// verify: is what an answer rests on really in the cluster?
//
// `processed` is a claim, and its evidence names records: the event's, the
// commit's, the ack's. This reads those records itself, past the gateway, and
// compares. What time has taken (retention, compaction) cannot be checked any
// more, and is said to be so rather than called right.
//
// A consumer that reads what others wrote is held to the fence that its evidence
// names. A commit below it is enough where no record lies between; records of
// transactions may have been aborted, which is not looked into.
//
// An answer over several positions has each consumer's evidence of one of them.
// That is checked, and of the others what the same log shows of them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/position.h"
#include "core/time.h"
#include "kafka/record_scan.h"

namespace tidemark::gateway {

// As RecordScan::scan.
using Scan = std::function<Result<core::Offset>(const std::string& topic, core::Partition partition, core::Offset from,
                                                core::Offset until,
                                                const std::function<bool(const kafka::ScannedRecord&)>& see)>;

// What verify reads: a RecordScan, or a test's.
struct Cluster {
  Scan scan;
  std::function<Result<kafka::RecordScan::About>(const std::string& topic)> about;
};

struct Finding {
  enum class Verdict { right, wrong, unknown };
  Verdict verdict = Verdict::unknown;
  std::string subject;  // "event", or a consumer's name
  std::string detail;   // one sentence
};

// `answer`: the body of an answer to a publish, a mark or a wait. The error is
// `invalid` when it is not one.
Result<std::vector<Finding>> verify(std::string_view answer, const Cluster& cluster);

// The same, reading the cluster at `bootstrap`; `bound`: of each look.
Result<std::vector<Finding>> verify(std::string_view answer, std::string_view bootstrap, core::Duration bound);

std::string_view name_of(Finding::Verdict verdict);
// {"findings":[{"subject","verdict","detail"}]} and a line end.
std::string json_of(const std::vector<Finding>& findings);

}  // namespace tidemark::gateway
