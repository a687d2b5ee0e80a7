// The frames in testdata/, recorded by tests/wiregen/RecordFrames.java from real
// brokers and Kafka's own codec.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "wire/bytes_test.h"
#include "wire/generated/headers.h"

namespace tidemark::wire {

struct RecordedFrame {
  std::string about;
  std::string api;
  std::int16_t version = 0;
  std::string direction;  // request or response
  std::string bytes;      // header and body
};

inline std::vector<RecordedFrame> recorded_frames(const std::string& kafka) {
  std::ifstream file("src/wire/testdata/kafka-" + kafka + ".txt");
  std::vector<RecordedFrame> frames;
  std::string line, hex;
  while (std::getline(file, line)) {
    RecordedFrame& frame = frames.emplace_back();
    std::istringstream words(line);
    words >> frame.about >> frame.api >> frame.version >> frame.direction >> hex;
    frame.bytes = from_hex(hex);
  }
  return frames;
}

inline RecordedFrame recorded_frame(const std::string& kafka, const std::string& about, const std::string& api,
                                    const std::string& direction) {
  for (RecordedFrame& frame : recorded_frames(kafka)) {
    if (frame.about == about && frame.api == api && frame.direction == direction) return std::move(frame);
  }
  ADD_FAILURE() << "no frame " << about << " " << api << " " << direction << " of " << kafka;
  return {};
}

// Decodes a frame's body; `frame` must outlive it. Failing is a failure of the test.
template <class M, class Header>
M body_of(const RecordedFrame& frame) {
  Reader r(frame.bytes);
  Header header;
  M message;
  EXPECT_TRUE(header.decode(r, M::header_version(frame.version)));
  EXPECT_TRUE(message.decode(r, frame.version)) << frame.about << " " << frame.api;
  EXPECT_TRUE(r.at_end());
  return message;
}

}  // namespace tidemark::wire
