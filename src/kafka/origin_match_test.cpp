#include "kafka/origin_match.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "wire/primitives.h"

namespace tidemark::kafka {
namespace {

const Uuid kId{{1, 2, 3}};
const Uuid kOther{{9}};

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

std::string encoded(const Headers& headers) {
  wire::Writer out;
  for (const auto& [key, value] : headers) {
    out.varint(static_cast<std::int32_t>(key.size()));
    out.raw(key);
    out.varint(value ? static_cast<std::int32_t>(value->size()) : -1);
    if (value) out.raw(*value);
  }
  return out.take();
}

template <class Ask>
auto of(const Headers& headers, const Ask& ask) {
  const std::string bytes = encoded(headers);
  wire::Record record;
  record.header_count = static_cast<std::int32_t>(headers.size());
  record.header_bytes = bytes;
  return ask(record);
}

std::string int32(std::int32_t value) {
  wire::Writer out;
  out.int32(value);
  return out.take();
}
std::string int64(std::int64_t value) {
  wire::Writer out;
  out.int64(value);
  return out.take();
}

core::Origin event(const Uuid& id = kId) {
  core::Origin origin;
  origin.id = id;
  return origin;
}
// Dead letters of `views`, of orders partition 1 offsets 5 to 7.
core::Origin dead(const Uuid& id = kId) {
  core::Origin origin = event(id);
  origin.dead_letters = true;
  origin.consumer = "views";
  origin.sources = {{"other", 1, {0, 100}}, {"orders", 1, {5, 7}}};
  return origin;
}
bool meant(const core::Origin& origin, const Headers& headers) {
  return of(headers, [&](const wire::Record& record) { return OriginMatch(origin).is_meant(record); });
}
std::string reason(const Headers& headers) { return of(headers, dead_letter_reason); }

Headers spring(std::int64_t offset, const char* topic = "orders", std::int32_t partition = 1,
               const std::string& prefix = "kafka_dlt-original-") {
  return {{prefix + "topic", topic}, {prefix + "partition", int32(partition)}, {prefix + "offset", int64(offset)}};
}
Headers operator+(Headers left, const Headers& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
Headers group(const char* name) { return {{"kafka_dlt-original-consumer-group", name}}; }
Headers id(const Uuid& value) { return {{"tidemark-id", value.to_string()}}; }
std::string hex(const Uuid& value) {
  std::string text = value.to_string();
  std::erase(text, '-');
  return text;
}

TEST(OriginMatch, TiesARecordByIdTraceAndBaggage) {
  EXPECT_TRUE(meant(event(), id(kId)));
  EXPECT_TRUE(meant(event(), {{"x", "y"}, {"traceparent", "00-" + hex(kId) + "-0123456789abcdef-01"}}));
  EXPECT_TRUE(meant(event(), {{"baggage", "a=b, tidemark-id = " + kId.to_string() + " ;p=1,c=d"}}));
  EXPECT_TRUE(meant(event(), id(kOther) + id(kId)));
  EXPECT_FALSE(meant(event(), {}));
  EXPECT_FALSE(meant(event(), id(kOther)));
  EXPECT_FALSE(meant(event(), {{"traceparent", "00-" + hex(kOther) + "-0123456789abcdef-01"}}));
  EXPECT_FALSE(meant(event(), {{"baggage", "not-tidemark-id=" + kId.to_string()}}));
  EXPECT_FALSE(meant(event(), {{"baggage", "a=tidemark-id=" + kId.to_string()}}));
}

TEST(OriginMatch, OfDerivedRecordsOnlyTheEventsOwnAreMeant) {
  EXPECT_FALSE(meant(event(), spring(5)));
  core::Origin origin = dead();
  origin.dead_letters = false;
  EXPECT_FALSE(meant(origin, spring(5)));
  EXPECT_FALSE(meant(event(Uuid{}), {{"tidemark-id", Uuid{}.to_string()}}));
}

TEST(OriginMatch, ReadsThePositionThatEachLibraryWrites) {
  EXPECT_TRUE(meant(dead(), spring(5)));
  EXPECT_TRUE(meant(dead(), spring(7, "orders", 1, "kafka_original-")));
  EXPECT_TRUE(meant(dead(), spring(6, "orders", 1, "x-original-")));
  EXPECT_TRUE(meant(dead(), {{"__connect.errors.topic", "orders"},
                             {"__connect.errors.partition", "1"},
                             {"__connect.errors.offset", "5"}}));
  EXPECT_TRUE(meant(
      dead(), {{"dead-letter-topic", "orders"}, {"dead-letter-partition", "1"}, {"dead-letter-offset", "7"}}));
}

TEST(OriginMatch, AnotherPositionIsNotMeant) {
  EXPECT_FALSE(meant(dead(), spring(4)));
  EXPECT_FALSE(meant(dead(), spring(8)));
  EXPECT_FALSE(meant(dead(), spring(5, "orders", 2)));
  EXPECT_FALSE(meant(dead(), spring(5, "orders2")));
  EXPECT_FALSE(meant(dead(), spring(std::int64_t{5} << 32)));
}

TEST(OriginMatch, ARecordKnownToBeAnotherEventsIsNotMeantByItsPosition) {
  EXPECT_FALSE(meant(dead(), spring(5) + id(kOther)));
  EXPECT_FALSE(meant(dead(), spring(5) + Headers{{"baggage", "tidemark-id=" + kOther.to_string()}}));
  EXPECT_TRUE(meant(dead(), spring(5) + id(kOther) + id(kId)));
  // A trace of somebody else's making, and what is no id, say nothing.
  EXPECT_TRUE(meant(dead(), spring(5) + Headers{{"traceparent", "00-" + hex(kOther) + "-0123456789abcdef-01"}}));
  EXPECT_TRUE(meant(dead(), spring(5) + Headers{{"tidemark-id", "forged"}, {"tidemark-id", std::nullopt}}));
  // Without an id the sources alone decide.
  EXPECT_TRUE(meant(dead(Uuid{}), spring(5) + id(kOther)));
  EXPECT_FALSE(meant(dead(Uuid{}), id(kOther)));
}

TEST(OriginMatch, AnotherGroupsFailureIsNotMeant) {
  EXPECT_TRUE(meant(dead(), spring(5) + group("views")));
  EXPECT_FALSE(meant(dead(), spring(5) + group("search")));
  EXPECT_TRUE(meant(dead(), id(kId) + group("views")));
  EXPECT_FALSE(meant(dead(), id(kId) + group("search")));
  core::Origin anybody = dead();
  anybody.consumer.clear();
  EXPECT_TRUE(meant(anybody, spring(5) + group("search")));
  EXPECT_TRUE(meant(anybody, id(kId) + group("search")));
}

TEST(OriginMatch, OfRepeatedFailuresEachHasItsOwnGroup) {
  const Headers search_then_views = spring(5) + group("search") + spring(9, "orders-dlt") + group("views");
  EXPECT_FALSE(meant(dead(), search_then_views));
  core::Origin origin = dead();
  origin.sources = {{"orders-dlt", 1, {9, 9}}};
  EXPECT_TRUE(meant(origin, search_then_views));
  // Where one failure named none, nobody can tell whose the group is.
  EXPECT_TRUE(meant(dead(), spring(5) + spring(9, "orders-dlt") + group("views")));
  EXPECT_FALSE(meant(dead(), spring(5) + spring(9, "orders-dlt") + group("search")));
}

TEST(OriginMatch, TheGroupOfAnEarlierFailureIsNotConnects) {
  core::Origin sink = dead();
  sink.consumer = "connect-sink";
  sink.sources = {{"orders-dlt", 0, {3, 3}}};
  const Headers connect = {{"__connect.errors.topic", "orders-dlt"},
                           {"__connect.errors.partition", "0"},
                           {"__connect.errors.offset", "3"}};
  EXPECT_TRUE(meant(sink, spring(5) + group("views") + connect));
  EXPECT_TRUE(meant(sink, id(kId) + spring(5) + group("views") + connect));
}

TEST(OriginMatch, HostileHeadersSayNothing) {
  EXPECT_FALSE(meant(dead(), {{"kafka_dlt-original-topic", "orders"},
                              {"kafka_dlt-original-partition", "1"},
                              {"kafka_dlt-original-offset", int64(5)}}));
  EXPECT_FALSE(meant(dead(), {{"kafka_dlt-original-topic", "orders"},
                              {"kafka_dlt-original-partition", int32(1)},
                              {"kafka_dlt-original-offset", int32(5)}}));
  EXPECT_FALSE(meant(dead(), {{"kafka_dlt-original-topic", std::nullopt},
                              {"kafka_dlt-original-partition", std::nullopt},
                              {"kafka_dlt-original-offset", std::nullopt}}));
  EXPECT_FALSE(meant(dead(), {{"kafka_dlt-original-topic", "orders"}, {"kafka_dlt-original-partition", int32(1)}}));
  EXPECT_FALSE(meant(dead(), {{"__connect.errors.topic", "orders"},
                              {"__connect.errors.partition", "1"},
                              {"__connect.errors.offset", "99999999999999999999"}}));
  EXPECT_FALSE(meant(dead(), {{"__connect.errors.topic", "orders"},
                              {"__connect.errors.partition", "1 "},
                              {"__connect.errors.offset", "5"}}));
  for (const char* traceparent : {"", "00", "00-", "00-0102030000000000000000000000000", "--------"})
    EXPECT_FALSE(meant(event(), {{"traceparent", traceparent}})) << traceparent;
  for (const char* baggage : {"", ",", "=", "tidemark-id", "tidemark-id=", ";=,;", ",,,tidemark-id=;"})
    EXPECT_FALSE(meant(event(), {{"baggage", baggage}})) << baggage;
  EXPECT_FALSE(meant(event(), {{"", ""}, {"tidemark-id", std::nullopt}, {"baggage", std::nullopt}}));
}

TEST(OriginMatch, ManyRepeatsAreReadToTheirBound) {
  Headers many;
  for (std::size_t i = 0; i < OriginMatch::kMostRepeats; ++i) many = many + spring(1000);
  EXPECT_FALSE(meant(dead(), many + spring(5)));
  EXPECT_TRUE(meant(dead(), spring(5) + many));
}

TEST(DeadLetterReason, IsTheLastMessageElseTheClass) {
  EXPECT_EQ(reason({{"kafka_dlt-exception-fqcn", "a.B"}, {"kafka_dlt-exception-message", "boom"}}), "boom");
  EXPECT_EQ(reason({{"kafka_dlt-exception-message", "first"}, {"kafka_dlt-exception-message", "second"}}), "second");
  EXPECT_EQ(reason({{"kafka_dlt-exception-fqcn", "a.B"}, {"kafka_dlt-exception-message", " \n"}}), "a.B");
  EXPECT_EQ(reason({{"kafka_exception-message", "old"}}), "old");
  EXPECT_EQ(reason({{"x-exception-message", "binder"}}), "binder");
  EXPECT_EQ(reason({{"__connect.errors.exception.message", "no schema"}}), "no schema");
  EXPECT_EQ(reason({{"__connect.errors.exception.class.name", "a.C"}}), "a.C");
  EXPECT_EQ(reason({{"dead-letter-reason", "no"}}), "no");
  EXPECT_EQ(reason({}), "");
  EXPECT_EQ(reason({{"kafka_dlt-exception-message", std::nullopt}}), "");
}

TEST(DeadLetterReason, IsBoundedAndPrintable) {
  EXPECT_EQ(reason({{"kafka_dlt-exception-message", "\x1b[31mred\x1b[0m\nnext"}}), "[31mred [0m next");
  EXPECT_EQ(reason({{"kafka_dlt-exception-message", std::string(5000, 'x')}}).size(), kMostReasonBytes);
  std::string euros;
  for (int i = 0; i < 200; ++i) euros += "\xe2\x82\xac";
  EXPECT_EQ(reason({{"kafka_dlt-exception-message", "a" + euros}}).size(), 1 + 99 * 3U);
}

}  // namespace
}  // namespace tidemark::kafka
