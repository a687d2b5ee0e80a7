// Command lines of the clients in tests/clients, for Process.
//
// Tidemark's records must be readable by the other two client families people
// use, and those clients' ordinary commits must settle waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "support/environment.h"
#include "support/process.h"

namespace tidemark::test {

// The bound for a client's first words: a JVM takes a second or two to speak on an
// idle machine and can take a minute on a crowded one.
inline constexpr std::chrono::seconds kClientStart{120};

// A group consumer on kafka-clients 4.4.0 with commitSync per batch. Prints `ready` once
// partitions are assigned and positions known, and `processed PARTITION OFFSET id=TIDEMARK-ID`
// for each record, before the commit. `protocol`: "classic", or "consumer" for KIP-848.
// Starts at the earliest offset; ends on SIGTERM, leaving the group.
std::vector<std::string> java_consumer(const std::string& bootstrap, const std::string& topic,
                                       const std::string& group, const std::string& protocol);
// Reads `count` records from the beginning, prints each as
// `record PARTITION OFFSET key="…" value="…" NAME="…" …` (null without quotes), and exits 0.
std::vector<std::string> java_reader(const std::string& bootstrap, const std::string& topic, std::size_t count);

// The same two on KafkaJS 2.2.4; the consumer commits after each fetched batch.
std::vector<std::string> kafkajs_consumer(const std::string& bootstrap, const std::string& topic,
                                          const std::string& group);
std::vector<std::string> kafkajs_reader(const std::string& bootstrap, const std::string& topic, std::size_t count);

}  // namespace tidemark::test
