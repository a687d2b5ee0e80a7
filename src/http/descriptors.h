// How many file descriptors the process may have.
//
// A server that learns this limit from accept() failing has already starved the
// rest of the process: its connections to Kafka, its files. So the limit is
// read beforehand, and accepting stops short of it.
#pragma once

#include <cstddef>

namespace tidemark::http {

struct DescriptorLimit {
  std::size_t soft = 0;  // what applies
  std::size_t hard = 0;  // how far the process itself may raise it
};

// RLIMIT_NOFILE. "Unlimited" is reported as the largest number.
DescriptorLimit descriptor_limit();

// Raises the soft limit to the hard one where that is allowed, and returns what
// holds now. It belongs to the process: for main() to call, before any server
// is made.
DescriptorLimit raise_descriptor_limit();

}  // namespace tidemark::http
