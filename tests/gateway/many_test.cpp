// Three gateways behind a plain balancer, restarted one after the other.
//
// Clients that are answered 202 come back with their mark, and the balancer sends
// them to whichever gateway is next: no answer may be lost, and none may be wrong.

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

// Each connection to the next backend that takes one: no health checks, no HTTP.
class Balancer {
 public:
  explicit Balancer(std::size_t backends) : backends_(backends) {}
  void set(std::size_t backend, std::uint16_t port) { backends_[backend] = port; }
  // The port for the next connection; 0: nobody is there.
  std::uint16_t next() {
    for (std::size_t tries = 0; tries < backends_.size(); ++tries) {
      const std::uint16_t port = backends_[turn_++ % backends_.size()];
      if (port != 0 && takes_connections(port)) return port;
    }
    return 0;
  }

 private:
  static bool takes_connections(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool taken = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    ::close(socket);
    return taken;
  }
  std::vector<std::atomic<std::uint16_t>> backends_;
  std::atomic<std::size_t> turn_{0};
};

struct Client {
  struct Event {
    std::string value, mark, last;  // the body of its last answer
    bool processed = false, refused = false;
    int hops = 0;  // gateways that were asked for it
  };

  // Publishes one event and follows it to its end, wherever the balancer sends it.
  static Event publish(Balancer& balancer, const std::string& topic, const std::string& value) {
    Event event;
    event.value = value;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      const std::uint16_t port = balancer.next();
      if (port == 0) continue;
      ++event.hops;
      GatewayAnswer answer;
      try {
        answer = event.mark.empty()
                     ? parse_answer(http("127.0.0.1", port, "POST", "/topics/" + topic + "?wait=40ms&key=" + value, value))
                     : parse_answer(http("127.0.0.1", port, "GET", "/marks/" + event.mark + "?wait=5s"));
      } catch (const std::exception&) {
        // A gateway that stops answers what it holds; one that has not taken the request yet may be gone.
        if (event.mark.empty()) event.refused = true;
        if (event.refused) return event;
        continue;
      }
      if (answer.status == 503) continue;  // draining, or not ready: nothing was appended
      if (!answer.mark().empty()) event.mark = answer.mark();
      event.last = answer.raw.body;
      if (answer.status == 504 && !event.mark.empty()) continue;  // a slow append: its mark finds it
      const boost::json::value* settled = answer.body.if_contains("settled");
      EXPECT_NE(settled, nullptr) << answer.status << answer.raw.body;
      if (settled == nullptr) return event;
      event.processed = answer.raw.header("Tidemark-Outcome") == "processed";
      if (settled->as_bool()) return event;
    }
    return event;
  }
};

TEST(ManyGateways, RollingRestartsLoseNoAnswerAndTellNoneWrong) {
  const std::string orders = create_unique_topic(kafka(), "orders", 3), enriched = create_unique_topic(kafka(), "enriched", 3);
  const std::string enricher = unique_name("enricher"), views = unique_name("views");
  ConsumerOptions relaying;
  relaying.bootstrap = kafka();
  relaying.topic = orders;
  relaying.group = enricher;
  relaying.work = [&](const Record& record) { produce(kafka(), enriched, {record.value.value_or(""), record.key}); };
  ConsumerOptions viewing = relaying;
  viewing.topic = enriched;
  viewing.group = views;
  viewing.work = [](const Record&) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  Consumer relay(relaying), viewer(viewing);
  // A machine that stalls now and then gives their commits the rhythm of a timer (docs/semantics.md): they are not one's.
  const std::string by_hand = "reset: earliest, commits: after-processing";
  const GatewayOptions options{kafka(),
                               "consumers:\n  " + enricher + ": {" + by_hand + ", outputs: {" + orders + ": [" + enriched +
                                   "]}}\n  " + views + ": {" + by_hand + "}\n",
                               {},
                               true};
  std::array<std::unique_ptr<GatewayProcess>, 3> gateways;
  Balancer balancer(gateways.size());
  for (std::size_t i = 0; i < gateways.size(); ++i) {
    gateways[i] = std::make_unique<GatewayProcess>(options);
    ASSERT_TRUE(gateways[i]->knows(views, enriched));
    balancer.set(i, gateways[i]->port());
  }

  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::vector<Client::Event> events;
  std::size_t wrong = 0;
  const auto has = [&](const std::string& value) {
    for (const Record& record : viewer.processed())
      if (record.value == value) return true;
    return false;
  };
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t)
    clients.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        Client::Event event = Client::publish(balancer, orders, std::to_string(t) + "-" + std::to_string(i));
        const bool truly = !event.processed || has(event.value);  // at once, as a reader would
        const std::lock_guard lock(mutex);
        wrong += !truly;
        events.push_back(std::move(event));
      }
    });
  const auto answered = [&] {
    const std::lock_guard lock(mutex);
    return events.size();
  };
  for (std::size_t i = 0; i < gateways.size(); ++i) {
    const std::size_t before = answered();
    EXPECT_TRUE(eventually([&] { return answered() >= before + 20; }, std::chrono::seconds(60)));
    balancer.set(i, 0);
    gateways[i]->process().terminate();
    const auto exit = gateways[i]->process().wait(std::chrono::seconds(30));
    ASSERT_TRUE(exit) << "it did not drain";
    EXPECT_EQ(exit->code, 0);
    gateways[i] = std::make_unique<GatewayProcess>(options);
    balancer.set(i, gateways[i]->port());
  }
  const std::size_t before = answered();
  EXPECT_TRUE(eventually([&] { return answered() >= before + 20; }, std::chrono::seconds(60)));
  stop = true;
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(wrong, 0U) << "said to be processed, and were not";
  std::set<std::string> log;
  for (const Record& record : read_all(kafka(), orders)) log.insert(record.value.value_or(""));
  std::size_t moved = 0;
  for (const Client::Event& event : events) {
    moved += event.hops > 1;
    if (event.refused) continue;  // its connection fell between the balancer's look and the gateway's end
    EXPECT_TRUE(event.processed) << event.value << " was not answered: " << event.last;
    EXPECT_TRUE(log.contains(event.value)) << event.value << " is not in the log";
  }
  EXPECT_GT(moved, 0U) << "no client came back to another gateway";
}

}  // namespace
}  // namespace tidemark::test
