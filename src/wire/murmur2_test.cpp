#include "wire/murmur2.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "wire/bytes_test.h"

namespace tidemark::wire {
namespace {

// testdata/murmur2.txt is what the Java client computes (tests/wiregen/KafkaFacts.java).
TEST(Murmur2, PlacesEveryKeyAsTheJavaClientDoes) {
  std::ifstream file("src/wire/testdata/murmur2.txt");
  std::string line;
  int keys = 0;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string hex, hash;
    std::int32_t of3 = -1, of50 = -1, of1000 = -1;
    words >> hex >> hash >> of3 >> of50 >> of1000;
    const std::string key = hex == "-" ? "" : from_hex(hex);
    EXPECT_EQ(murmur2(key), std::stoul(hash, nullptr, 16)) << hex;
    EXPECT_EQ(partition_for_key(key, 3), of3) << hex;
    EXPECT_EQ(partition_for_key(key, 50), of50) << hex;
    EXPECT_EQ(partition_for_key(key, 1000), of1000) << hex;
    ++keys;
  }
  EXPECT_EQ(keys, 600);
}

}  // namespace
}  // namespace tidemark::wire
