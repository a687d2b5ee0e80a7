// Clients that commit before the work is done, told apart by what they call themselves.
//
// A commit of such a client says that the record was handed over, which is not
// what the publisher asked. Nothing in the commit shows it, but the client's
// name does, with the rhythm of its commits: kafka-go's ReadMessage commits
// each record before it returns it; the timers of librdkafka (enable.auto.commit
// with its auto.offset.store) and of aiokafka commit what was handed over by
// then, done or not. The same libraries commit honestly when told to by hand,
// which shows as commits without a timer's rhythm, or ones that follow the events
// (promptness.h); for kafka-go there is no difference to be seen, so its users
// declare it (`commits: after-processing`).
#pragma once

#include <cstdint>
#include <string_view>

namespace tidemark::core {

enum class EarlyClient : std::uint8_t { none, kafka_go, librdkafka, aiokafka };

// `client` and `member`: a member's client id and member id at the libraries'
// defaults ("rdkafka", "aiokafka-0.14.0", "prog@host (github.com/segmentio/kafka-go)").
// One that was given another name is not recognised.
EarlyClient recognise(std::string_view client, std::string_view member);

// Whether it commits early in any case, or only by its timer.
bool early_without_timer(EarlyClient client);

}  // namespace tidemark::core
