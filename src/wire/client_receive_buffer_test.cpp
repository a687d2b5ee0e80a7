#include "wire/client_receive_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace tidemark::wire {
namespace {

std::string frame(const std::string& body) {
  const auto size = static_cast<std::uint32_t>(body.size());
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(size >> shift & 0xff));
  return bytes + body;
}

// Feeds bytes in pieces of at most `piece` and returns the frames that came out.
std::vector<std::string> frames_of(ReceiveBuffer& buffer, const std::string& bytes, std::size_t piece) {
  std::vector<std::string> frames;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::span<char> space = buffer.prepare();
    EXPECT_FALSE(space.empty());
    const std::size_t count = std::min({piece, bytes.size() - at, space.size()});
    std::memcpy(space.data(), bytes.data() + at, count);
    buffer.commit(count);
    at += count;
    while (true) {
      const auto next = buffer.next_frame();
      EXPECT_TRUE(next.ok());
      if (!next.ok() || !next->has_value()) break;
      frames.emplace_back(**next);
    }
  }
  return frames;
}

TEST(ReceiveBuffer, GivesTheSameFramesHoweverTheyAreCut) {
  std::vector<std::string> bodies;
  std::string bytes;
  for (std::size_t i = 0; i < 31; ++i) {
    const std::size_t size = i == 20 ? 150'000 : 4 + i * i * 10;
    bodies.push_back(std::string(size, static_cast<char>('a' + i % 26)));
    bytes += frame(bodies.back());
  }
  for (const std::size_t piece : std::vector<std::size_t>{1, 3, 1000, 70'000, bytes.size()}) {
    ReceiveBuffer buffer(1 << 20);
    EXPECT_EQ(frames_of(buffer, bytes, piece), bodies) << piece;
  }
}

TEST(ReceiveBuffer, RefusesSizesThatNoResponseHas) {
  for (const std::string& size : {std::string("\xff\xff\xff\xff", 4), std::string("\x80\0\0\0", 4),
                                  std::string("\0\0\0\0", 4), std::string("\0\0\0\3", 4)}) {
    ReceiveBuffer buffer(1 << 20);
    std::memcpy(buffer.prepare().data(), size.data(), 4);
    buffer.commit(4);
    const auto next = buffer.next_frame();
    ASSERT_FALSE(next.ok());
    EXPECT_EQ(next.error().kind, ErrorKind::corrupt);
  }
}

TEST(ReceiveBuffer, RefusesFramesAboveTheLimitAndTakesOneAtIt) {
  ReceiveBuffer exact(1000);
  EXPECT_EQ(frames_of(exact, frame(std::string(1000, 'x')), 10'000).size(), 1U);
  ReceiveBuffer above(1000);
  const std::string bytes = frame(std::string(1001, 'x'));
  std::memcpy(above.prepare().data(), bytes.data(), 4);
  above.commit(4);
  const auto next = above.next_frame();
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().kind, ErrorKind::limit);
}

TEST(ReceiveBuffer, DoesNotAllocateWhatAHostileSizePromises) {
  ReceiveBuffer buffer(std::size_t{100} << 20);
  std::memcpy(buffer.prepare().data(), "\x05\xff\xff\xff", 4);
  buffer.commit(4);
  ASSERT_TRUE(buffer.next_frame().ok());
  (void)buffer.prepare();
  EXPECT_LE(buffer.capacity(), std::size_t{128} << 10);
}

TEST(ReceiveBuffer, GivesBackWhatOneLargeResponseNeeded) {
  ReceiveBuffer buffer(std::size_t{100} << 20);
  EXPECT_EQ(frames_of(buffer, frame(std::string(std::size_t{20} << 20, 'x')), 1 << 20).size(), 1U);
  EXPECT_GT(buffer.capacity(), std::size_t{20} << 20);
  (void)buffer.prepare();
  EXPECT_LE(buffer.capacity(), std::size_t{4} << 20);
}

}  // namespace
}  // namespace tidemark::wire
