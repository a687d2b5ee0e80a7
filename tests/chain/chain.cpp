// See chain.h.
#include "chain.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "support/admin.h"
#include "support/clients.h"
#include "support/environment.h"

namespace tidemark::test {
namespace {

// Four clients and three brokers start at once; where others build meanwhile, a JVM took two minutes and a half.
constexpr std::chrono::seconds kStart{300};

std::string cache(const std::string& path) { return source_dir() + "/.cache/" + path; }
std::string program(const std::string& name) { return source_dir() + "/tests/chain/clients/" + name; }

std::vector<std::string> java(const std::string& main_class, const std::string& jars, const std::vector<std::string>& arguments) {
  std::vector<std::string> line{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx192m",
                                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                                "-cp", cache("chain") + ":" + cache(jars), main_class};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return line;
}

}  // namespace

Chain::Chain(const ChainOptions& options)
    : orders(unique_name("orders")),
      enriched(orders + "-enriched"),
      dead_letters(enriched + "-dlt"),  // as Spring names it
      priced(orders + "-priced"),
      counts(orders + "-counts"),
      enricher(unique_name("enricher")),
      pricer(unique_name("pricer")),
      counter(unique_name("counter")),
      viewer(unique_name("viewer")),
      repartition(counter + "-words-repartition"),
      socket_(server_.socket()) {
  std::vector<std::int32_t> nodes{1, 2, 3};
  for (const std::string& topic : {orders, enriched, dead_letters, priced, counts}) {
    create_topic(options.bootstrap, topic, 3, {}, nodes);
    std::rotate(nodes.begin(), nodes.begin() + 1, nodes.end());
  }
  const auto start = [this](const std::string& group, const std::vector<std::string>& command) {
    clients_.emplace(group, std::make_unique<Process>(command, client_environment()));
  };
  const std::string& at = options.bootstrap;
  start(counter, java("WordCount", "streams/*",
                      {at, priced, counts, counter, socket_, server_.directory() + "/streams",
                       "processing.guarantee=" + options.guarantee, "commit.interval.ms=50",
                       "repartition.purge.interval.ms=" + std::to_string(options.purge_interval_ms)}));
  start(pricer, java("Pricer", "spring/*", {at, enriched, priced, pricer, socket_, options.replies}));
  start(enricher, {"node", program("enricher.js"), at, orders, enriched, enricher, socket_});
  start(viewer, {cache("python/bin/python"), program("viewer.py"), at, counts, viewer, socket_});
}

bool Chain::wait_ready() {
  for (const auto& [group, client] : clients_)
    if (!client->wait_for_line("ready", kStart)) return false;
  return true;
}

std::string Chain::configuration(const std::string& pricer_emits) const {
  const auto reads = [](const std::string& topic, const std::string& group) {
    return "  " + topic + ": {wait_for: [" + group + "]}\n";
  };
  return "absent_grace: 5m\ntopics:\n" + reads(orders, enricher) + reads(enriched, pricer) + reads(priced, counter) +
         reads(repartition, counter) + reads(counts, viewer) + "consumers:\n" +
         "  " + enricher + ": {outputs: {" + orders + ": [" + enriched + "]}, emits: before-commit, reset: earliest}\n" +
         "  " + pricer + ": {outputs: {" + enriched + ": [" + priced + "]}, emits: " + pricer_emits +
         ", dead_letter: " + dead_letters + ", reset: earliest}\n" +
         "  " + counter + ": {outputs: {" + priced + ": [" + repartition + "], " + repartition + ": [" + counts +
         "]}, emits: before-commit, reset: earliest}\n" +
         "  " + viewer + ": {commits: after-processing, reset: earliest}\n";
}

std::string Chain::missing(RedisConnection& redis, const std::string& order, const std::vector<std::string>& words) const {
  std::vector<std::vector<std::string>> questions;
  for (const char* stage : {"enriched", "priced", "split"}) questions.push_back({"SISMEMBER", stage, order});
  for (const std::string& word : words) {
    questions.push_back({"HGET", "counted", order + " " + word});
    questions.push_back({"HGET", "views", word});
  }
  const auto answers = redis.ask(questions);
  std::string missing;
  const auto say = [&](const std::string& what) { missing += (missing.empty() ? "" : ", ") + what; };
  for (std::size_t i = 0; i < 3; ++i)
    if (answers[i] != "1") say(questions[i][1]);
  for (std::size_t i = 3; i < answers.size(); i += 2) {
    const auto& counted = answers[i];
    const auto& seen = answers[i + 1];
    if (!counted) {
      say("count of " + questions[i + 1][2]);
    } else if (std::stoll(seen.value_or("0")) < std::stoll(*counted)) {
      say("view of " + questions[i + 1][2] + " (" + seen.value_or("none") + " of " + *counted + ")");
    }
  }
  return missing;
}

std::string Chain::output() const {
  std::string text;
  for (const auto& [group, client] : clients_) text += "--- " + group + "\n" + client->output();
  return text;
}

}  // namespace tidemark::test
