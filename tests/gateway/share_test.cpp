// A share group behind a gateway: what it acknowledges, and what it gives up.

#include <gtest/gtest.h>

#include <fstream>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/environment.h"
#include "support/eventually.h"
#include "support/process.h"

namespace tidemark::test {
namespace {

// What `tidemark verify` says of an answer.
std::string verified(const GatewayAnswer& answer, int code) {
  const std::string path = ::testing::TempDir() + unique_name("answer") + ".json";
  std::ofstream(path) << answer.raw.body;
  Process verify({tidemark_program(), "verify", path, "--kafka", kafka()});
  const auto exit = verify.wait();
  EXPECT_TRUE(exit && exit->code == code) << verify.output() << answer.raw.body;
  return verify.output();
}

TEST(ShareGroups, WhatIsAcknowledgedIsProcessedAndWhatIsRejectedHasFailed) {
  const std::string topic = create_unique_topic(kafka(), "shared", 1), group = unique_name("share");
  GatewayProcess gateway({kafka(), "absent_grace: 5m\ntopics: {" + topic + ": {wait_for: [" + group + "]}}\n", {}, true});
  Process reader(java_share_reader(kafka(), topic, group));
  ASSERT_TRUE(reader.wait_for_line("ready", kClientStart)) << reader.output();
  // It begins at the end, whenever it finds that: so until it has read one.
  ASSERT_TRUE(eventually([&] { return gateway.publish(topic, "wait=1s", "first").status == 200; }, std::chrono::seconds(60)))
      << gateway.publish(topic, "wait=1s", "first").raw.body << reader.output();

  const GatewayAnswer accepted = gateway.publish(topic, "wait=20s", "accept");
  ASSERT_EQ(accepted.status, 200) << accepted.raw.body << reader.output();
  EXPECT_EQ(accepted.outcome(group), "processed");
  EXPECT_EQ(accepted.consumer(group).at("basis").as_string(), "share") << accepted.raw.body;
  EXPECT_EQ(accepted.consumer(group).at("evidence").at("source").as_string(), "share") << accepted.raw.body;
  EXPECT_TRUE(reader.wait_for_line("accept")) << reader.output();

  const GatewayAnswer rejected = gateway.publish(topic, "wait=20s", "reject");
  EXPECT_EQ(rejected.status, 202) << rejected.raw.body;
  EXPECT_TRUE(rejected.settled()) << rejected.raw.body << reader.output();
  EXPECT_EQ(rejected.outcome(group), "failed") << rejected.raw.body;
  EXPECT_EQ(rejected.consumer(group).at("basis").as_string(), "share") << rejected.raw.body;
  EXPECT_EQ(rejected.consumer(group).at("reason").as_string(), "given up by the share group") << rejected.raw.body;

  EXPECT_EQ(gateway.publish(topic, "wait=20s", "accept").status, 200) << "it goes on after that: " << reader.output();
  EXPECT_NE(verified(accepted, 0).find(group + ": right; its state up to __share_group_state"), std::string::npos);
  EXPECT_NE(verified(rejected, 0).find("gives the event up"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::test
