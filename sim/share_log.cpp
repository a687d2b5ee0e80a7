#include "share_log.h"

namespace tidemark::sim {

void ShareLog::append(ShareRecord record) {
  const int number = (record.group + record.incarnation + record.partition) % kPartitions;
  Log& log = logs_[static_cast<std::size_t>(number)];
  record.at = {number, static_cast<core::Offset>(log.records.size())};
  log.records.push_back(std::move(record));
  if (appended) appended(number);
}

std::set<std::size_t> ShareLog::missing(int partition) const {
  const Log& log = logs_[static_cast<std::size_t>(partition)];
  std::set<std::size_t> missing;
  std::set<ShareRecord::Key> kept;
  for (std::size_t i = log.compacted; i-- > 0;)
    if (!kept.insert(log.records[i].key()).second) missing.insert(i);
  return missing;
}

}  // namespace tidemark::sim
