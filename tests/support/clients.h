// Command lines of the clients in tests/clients, for Process.
//
// Tidemark's records must be readable by the other client families people use, and
// those clients' ordinary commits, or the acks they learn to send, must settle waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
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

// A listener of Spring for Apache Kafka 3.3 in its default container, which commits after each polled batch,
// or with an acknowledge mode of its own ("RECORD"). Prints `processed PARTITION OFFSET` for each record when its
// work is done, not `ready`; starts at the earliest offset.
std::vector<std::string> spring_consumer(const std::string& bootstrap, const std::string& topic,
                                         const std::string& group, const std::vector<std::string>& ack_mode = {});

// The same two on KafkaJS 2.2.4; the consumer commits after each fetched batch.
std::vector<std::string> kafkajs_consumer(const std::string& bootstrap, const std::string& topic,
                                          const std::string& group);
std::vector<std::string> kafkajs_reader(const std::string& bootstrap, const std::string& topic, std::size_t count);

// A group consumer on a Python client: "confluent", "kafka-python" or "aiokafka", with settings of its own
// ("enable.auto.commit=false"). Prints `processed PARTITION OFFSET` for each record when its work is done, not
// `ready`; starts at the earliest offset. Where it is not told otherwise the library commits by itself.
std::vector<std::string> python_consumer(const std::string& client, const std::string& bootstrap,
                                         const std::string& topic, const std::string& group,
                                         const std::vector<std::string>& settings = {});
// The same on a Go client, and how it commits: "kafka-go" 0.4 "read", each record before it is handed over, or "fetch",
// after the work; "franz-go" 1.16 "default", by itself each 5 s, an interval ("500ms"), by itself so often, or
// "manual", after each poll's work; "sarama" 1.43 "default", by itself each second, "manual", after each record's
// work, or "short", the same with fetches that wait 50 ms.
std::vector<std::string> go_consumer(const std::string& client, const std::string& how, const std::string& bootstrap,
                                     const std::string& topic, const std::string& group);

// A consumer on Confluent's Parallel Consumer 0.5.3, with settings of its own ("ordering=UNORDERED",
// "commit.interval.ms=200"). Prints `processed PARTITION OFFSET` for each record when its work is done, not `ready`;
// starts at the earliest offset. With "release=FILE" it prints `begun PARTITION OFFSET` for a value that contains
// `slow` or `bad`, and is not done with it, or fails and tries again, until the file is there.
std::vector<std::string> parallel_consumer(const std::string& bootstrap, const std::string& topic,
                                           const std::string& group, const std::vector<std::string>& settings = {});

// A share consumer (KIP-932) on kafka-clients 4.4.0 that prints the value of each record and accepts it, but rejects
// the value `reject` and releases `hold`, again and again. Prints `ready` once it polls; it begins at the end.
std::vector<std::string> java_share_reader(const std::string& bootstrap, const std::string& topic,
                                           const std::string& group);

// The consumers of examples/acks: each prints `viewed VALUE` when it has done its work, which
// fails for the value `bad`, and acks the record. `gateway`: its URL.
std::vector<std::string> java_acker(const std::string& bootstrap, const std::string& topic, const std::string& group,
                                    const std::string& gateway);
std::vector<std::string> javascript_acker(const std::string& bootstrap, const std::string& topic,
                                          const std::string& group, const std::string& gateway);
// This one writes its acks to Kafka and needs no gateway.
std::vector<std::string> python_acker(const std::string& bootstrap, const std::string& topic,
                                      const std::string& group, const std::string& gateway);

// The test suites of examples/testing; they take what they need from the environment.
std::vector<std::string> junit_suite();
std::vector<std::string> pytest_suite();

// What a client needs in its environment to find its libraries.
std::map<std::string, std::string> client_environment();

}  // namespace tidemark::test
