#include "kafka/record_scan.h"

#include <algorithm>
#include <random>
#include <utility>

#include "wire/batch_unpacker.h"
#include "wire/client_address.h"
#include "wire/error_codes.h"
#include "wire/generated/fetch.h"
#include "wire/record_batch_reader.h"

namespace tidemark::kafka {
namespace {

constexpr std::int32_t kFetchBytes = 1 << 20;

core::Time clock_now() { return std::chrono::steady_clock::now(); }

// One answer to a fetch, taken apart while its bytes are there.
struct Page {
  std::optional<Error> error;
  bool below_start = false;      // go on at `next`
  bool stopped = false;          // `see` wants no more
  core::Offset next = 0;         // where to fetch on
  core::Offset high_watermark = 0;
  std::size_t bytes = 0;
};

std::optional<std::string_view> id_of(const wire::Record& record) {
  std::optional<std::string_view> id;
  wire::RecordHeaderReader headers = record.headers();
  for (wire::RecordHeader header; headers.next(header);)
    if (header.key == "tidemark-id") id = header.value;
  return id;
}

void read_batch(wire::RecordBatch batch, core::Offset until, const std::function<bool(const ScannedRecord&)>& see,
                Page& page) {
  std::string unpacked;
  if (const wire::UnpackStatus status = wire::unpack(batch, unpacked); status != wire::UnpackStatus::plain) {
    page.error = Error{ErrorKind::corrupt, "a batch " + std::string(wire::describe(status))};
    return;
  }
  wire::RecordReader records(batch);
  wire::Record record;
  for (;;) {
    const wire::RecordStatus status = records.next(record);
    if (status == wire::RecordStatus::end) return;
    if (status != wire::RecordStatus::record) {
      page.error = Error{ErrorKind::corrupt, "a batch is damaged"};
      return;
    }
    if (record.offset < page.next) continue;  // a batch begins below what was asked for
    if (record.offset >= until) return;
    page.stopped = !see({record.offset, record.key, record.value, id_of(record), batch.is_transactional()});
    if (page.stopped) return;
  }
}

void read_page(const wire::msg::FetchResponse& response, core::Offset until,
               const std::function<bool(const ScannedRecord&)>& see, Page& page) {
  if (response.responses.size() != 1 || response.responses[0].partitions.size() != 1) {
    page.error = Error{ErrorKind::corrupt, "an answer about another partition"};
    return;
  }
  const auto& partition = response.responses[0].partitions[0];
  const auto code = static_cast<wire::ErrorCode>(partition.error_code);
  if (code == wire::ErrorCode::offset_out_of_range && partition.log_start_offset > page.next) {
    page.below_start = true;
    page.next = partition.log_start_offset;
    return;
  }
  if (code != wire::ErrorCode::none) {
    page.error = Error{code == wire::ErrorCode::topic_authorization_failed ? ErrorKind::forbidden
                                                                           : ErrorKind::unavailable,
                       std::string(wire::name(code))};
    return;
  }
  page.high_watermark = partition.high_watermark;
  const std::string_view bytes = partition.records.value_or(std::string_view{});
  page.bytes = bytes.size();
  wire::RecordBatchReader batches(bytes);
  wire::RecordBatch batch;
  for (;;) {
    const wire::BatchStatus status = batches.next(batch);
    if (status == wire::BatchStatus::end || status == wire::BatchStatus::truncated) return;
    if (status != wire::BatchStatus::batch) {
      page.error = Error{ErrorKind::corrupt, "a batch cannot be read"};
      return;
    }
    if (!batch.is_control()) read_batch(batch, until, see, page);
    if (page.error || page.stopped) return;
    page.next = std::max(page.next, batch.last_offset() + 1);
    if (page.next >= until) return;
  }
}

}  // namespace

Result<RecordScan> RecordScan::make(std::string_view bootstrap, core::Duration bound) {
  auto addresses = wire::parse_bootstrap(bootstrap);
  if (!addresses) return addresses.error();
  auto io = std::make_unique<boost::asio::io_context>(1);
  wire::ClusterOptions options;
  options.bootstrap = std::move(addresses).value();
  auto generator = std::make_shared<std::mt19937_64>(std::random_device{}());
  auto cluster = std::make_unique<wire::Cluster>(*io, std::move(options), [generator] { return (*generator)(); });
  return RecordScan(std::move(io), std::move(cluster), bound);
}

bool RecordScan::run_until(const std::function<bool()>& done, core::Time deadline) {
  while (!done()) {
    io_->restart();
    if (io_->run_one_until(deadline) == 0 && clock_now() >= deadline) return done();
  }
  return true;
}

Result<void> RecordScan::know(const std::string& topic, core::Partition partition, core::Time deadline) {
  const auto known = [&] {
    const auto metadata = cluster_->metadata();
    const wire::PartitionInfo* found = metadata->find_partition(topic, partition);
    return found != nullptr && found->leader >= 0;
  };
  if (run_until([&] { return known() || !cluster_->metadata()->brokers.empty(); }, deadline) && known()) return {};
  return why_unknown("no partition " + std::to_string(partition) + " of '" + topic + "', or no leader");
}

Error RecordScan::why_unknown(const std::string& what) const {
  if (cluster_->reachability().reachable) return Error{ErrorKind::not_found, what};
  return Error{ErrorKind::unavailable, "Kafka cannot be reached: " + cluster_->reachability().reason};
}

Result<RecordScan::About> RecordScan::about(const std::string& topic) {
  run_until([&] { return !cluster_->metadata()->brokers.empty(); }, clock_now() + bound_);
  const auto metadata = cluster_->metadata();
  const wire::TopicInfo* info = metadata->find_topic(topic);
  if (info == nullptr || info->partitions.empty()) return why_unknown("no topic '" + topic + "'");
  return About{info->id, static_cast<core::Partition>(info->partitions.size())};
}

Result<core::Offset> RecordScan::scan(const std::string& topic, core::Partition partition, core::Offset from,
                                      core::Offset until, const std::function<bool(const ScannedRecord&)>& see) {
  const core::Time deadline = clock_now() + bound_;
  if (auto there = know(topic, partition, deadline); !there) return there.error();
  core::Offset at = from;
  std::size_t bytes = 0;
  while (at < until) {
    if (bytes > kMaxBytes) return Error{ErrorKind::limit, "too much to read"};
    const auto metadata = cluster_->metadata();
    const wire::TopicInfo* info = metadata->find_topic(topic);
    const auto connection = cluster_->connection(metadata->find_partition(topic, partition)->leader, wire::Purpose::look);
    if (info == nullptr || connection == nullptr) return Error{ErrorKind::unavailable, "the leader went away"};
    wire::msg::FetchRequest request;
    request.min_bytes = 1;
    request.max_bytes = kFetchBytes;
    auto& asked = request.topics.emplace_back();
    asked.topic = topic;
    asked.topic_id = info->id;
    auto& place = asked.partitions.emplace_back();
    place.partition = partition;
    place.fetch_offset = at;
    place.partition_max_bytes = kFetchBytes;

    std::optional<Page> page;
    const auto take = [&](wire::Reply<wire::msg::FetchResponse> reply) {
      page.emplace();
      page->next = at;
      if (!reply) {
        page->error = reply.error();
      } else {
        read_page(*reply, until, see, *page);
      }
    };
    connection->when_ready(deadline - clock_now(), [&](const Result<void>& ready) {
      if (ready) return connection->call(request, deadline - clock_now(), take);
      page.emplace();
      page->error = ready.error();
    });
    // The calls end by their own bound, and refer to this frame until then.
    run_until([&] { return page.has_value(); }, core::Time::max());
    if (page->error) return *page->error;
    bytes += page->bytes;
    if (page->stopped) return page->next;
    if (page->next == at && !page->below_start) return at;  // the end of the log
    at = page->next;
  }
  return at;
}

}  // namespace tidemark::kafka
