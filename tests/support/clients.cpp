// See clients.h.
#include "support/clients.h"

namespace tidemark::test {
namespace {

std::string cache(const std::string& path) { return source_dir() + "/.cache/" + path; }

// scripts/setup has compiled the classes.
std::vector<std::string> java(const std::string& main_class, const std::vector<std::string>& arguments,
                              const std::string& jars = "kafka-4.4.0/*") {
  std::vector<std::string> line{"java",
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                "-Xmx256m",
                                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                                "-cp",
                                cache("clients") + ":" + cache(jars) + ":" + cache("junit/*"),
                                main_class};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return line;
}

std::string python() { return cache("python/bin/python"); }

std::string example(const std::string& path) { return source_dir() + "/examples/" + path; }

}  // namespace

std::vector<std::string> java_consumer(const std::string& bootstrap, const std::string& topic,
                                       const std::string& group, const std::string& protocol) {
  return java("GroupConsumer", {bootstrap, topic, group, protocol});
}

std::vector<std::string> spring_consumer(const std::string& bootstrap, const std::string& topic,
                                         const std::string& group, const std::vector<std::string>& ack_mode) {
  std::vector<std::string> arguments{bootstrap, topic, group};
  arguments.insert(arguments.end(), ack_mode.begin(), ack_mode.end());
  return java("SpringConsumer", arguments, "spring/*");
}

std::vector<std::string> parallel_consumer(const std::string& bootstrap, const std::string& topic,
                                           const std::string& group, const std::vector<std::string>& settings) {
  std::vector<std::string> arguments{bootstrap, topic, group};
  arguments.insert(arguments.end(), settings.begin(), settings.end());
  return java("ParallelGroupConsumer", arguments, "parallel/*");
}

std::vector<std::string> java_reader(const std::string& bootstrap, const std::string& topic, std::size_t count) {
  return java("Reader", {bootstrap, topic, std::to_string(count)});
}

std::vector<std::string> java_share_reader(const std::string& bootstrap, const std::string& topic,
                                           const std::string& group) {
  return java("ShareReader", {bootstrap, topic, group});
}

std::vector<std::string> kafkajs_consumer(const std::string& bootstrap, const std::string& topic,
                                          const std::string& group) {
  return {"node", source_dir() + "/tests/clients/group_consumer.js", bootstrap, topic, group};
}

std::vector<std::string> kafkajs_reader(const std::string& bootstrap, const std::string& topic, std::size_t count) {
  return {"node", source_dir() + "/tests/clients/reader.js", bootstrap, topic, std::to_string(count)};
}

std::vector<std::string> python_consumer(const std::string& client, const std::string& bootstrap,
                                         const std::string& topic, const std::string& group,
                                         const std::vector<std::string>& settings) {
  std::vector<std::string> line{python(), source_dir() + "/tests/clients/group_consumer.py", client, bootstrap, topic,
                                group};
  line.insert(line.end(), settings.begin(), settings.end());
  return line;
}

std::vector<std::string> go_consumer(const std::string& client, const std::string& how, const std::string& bootstrap,
                                     const std::string& topic, const std::string& group) {
  return {cache("go/consumer"), client, how, bootstrap, topic, group};
}

std::vector<std::string> java_acker(const std::string& bootstrap, const std::string& topic, const std::string& group,
                                    const std::string& gateway) {
  return java("Views", {bootstrap, topic, group, gateway});
}

std::vector<std::string> javascript_acker(const std::string& bootstrap, const std::string& topic,
                                          const std::string& group, const std::string& gateway) {
  return {"node", example("acks/javascript/views.js"), bootstrap, topic, group, gateway};
}

std::vector<std::string> python_acker(const std::string& bootstrap, const std::string& topic,
                                      const std::string& group, const std::string&) {
  return {python(), example("acks/python/views.py"), bootstrap, topic, group};
}

std::vector<std::string> junit_suite() {
  return java("org.junit.platform.console.ConsoleLauncher",
              {"execute", "--disable-banner", "--disable-ansi-colors", "--details=tree", "--select-class=TotalsTest"});
}

std::vector<std::string> pytest_suite() {
  return {python(), "-m", "pytest", "-v", "-p", "no:cacheprovider", example("testing/pytest")};
}

std::map<std::string, std::string> client_environment() {
  return {{"NODE_PATH", source_dir() + "/tests/clients/node_modules"}};
}

}  // namespace tidemark::test
