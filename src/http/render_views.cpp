// What is shown of the gateway itself: topics, consumers, health, metrics, doctor.

#include <string>
#include <string_view>
#include <utility>

#include "base/duration.h"
#include "http/json_writer.h"
#include "http/render.h"
#include "http/write_consumed.h"
#include "http/write_offset.h"

namespace tidemark::http {
namespace {

Response json_response() {
  Response response;
  response.content_type = "application/json";
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

// Empty: any.
void write_name(JsonWriter& json, Literal member, const std::string& name) {
  if (name.empty()) json.null_member(member);
  else json.member(member, name);
}

// As the configuration says it.
std::string emits_text(const core::EdgeView& edge) {
  switch (edge.emits) {
    case core::Emits::before_commit: break;
    case core::Emits::within: return "within " + format_duration(edge.within);
    case core::Emits::later: return "later";
  }
  return "before-commit";
}

}  // namespace

void write_consumed(JsonWriter& json, const std::vector<core::ConsumerView::TopicView>& topics) {
  json.name("topics");
  json.begin_array();
  for (const core::ConsumerView::TopicView& topic : topics) {
    json.begin_object();
    json.member("topic", topic.topic);
    json.member("source", core::name_of(topic.source));
    if (topic.lag) json.member("lag", *topic.lag);
    else json.null_member("lag");
    json.name("partitions");
    json.begin_array();
    for (const core::ConsumerView::PartitionView& partition : topic.partitions) {
      json.begin_object();
      json.member("partition", partition.partition);
      write_offset(json, "committed", partition.committed);
      write_offset(json, "end", partition.end);
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

Response render(const std::vector<core::TopicView>& topics) {
  Response response = json_response();
  JsonWriter json(response.body);
  json.begin_object();
  json.name("topics");
  json.begin_array();
  for (const core::TopicView& topic : topics) {
    json.begin_object();
    json.member("name", topic.name);
    json.member("partitions", topic.partitions);
    json.name("wait_for");
    json.begin_array();
    for (const core::TopicView::WaitFor& each : topic.wait_for) {
      json.begin_object();
      json.member("name", each.name);
      json.member("source", core::name_of(each.source));
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
  response.body.push_back('\n');
  return response;
}

Response render(const std::vector<core::ConsumerView>& consumers) {
  Response response = json_response();
  JsonWriter json(response.body);
  json.begin_object();
  json.name("consumers");
  json.begin_array();
  for (const core::ConsumerView& consumer : consumers) {
    json.begin_object();
    json.member("name", consumer.name);
    json.member("state", consumer.state);
    json.member("members", consumer.members);
    json.member("client", consumer.client);
    write_consumed(json, consumer.topics);
    if (consumer.commit_interval) json.member("commit_interval_ms", *consumer.commit_interval);
    else json.null_member("commit_interval_ms");
    json.member("commits_by_timer", consumer.commits_by_timer);
    json.member("early", consumer.early);
    json.member("acks", consumer.acks);
    json.member("share", consumer.share);
    if (consumer.hint.empty()) json.null_member("hint");
    else json.member("hint", consumer.hint);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  response.body.push_back('\n');
  return response;
}

Response render(const std::vector<core::EdgeView>& edges) {
  Response response = json_response();
  JsonWriter json(response.body);
  json.begin_object();
  json.name("edges");
  json.begin_array();
  for (const core::EdgeView& edge : edges) {
    json.begin_object();
    write_name(json, "consumer", edge.consumer);
    write_name(json, "input", edge.input);
    json.member("output", edge.output);
    json.member("source", edge.by_name ? "convention" : "configured");
    json.member("emits", emits_text(edge));
    json.member("dead_letter", edge.dead_letter);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  response.body.push_back('\n');
  return response;
}

Response render_inspection(std::string json) {
  Response response = json_response();
  response.body = std::move(json);
  if (!response.body.ends_with('\n')) response.body.push_back('\n');
  return response;
}

Response render_ready(const Health& health) {
  if (!health.ready) {
    Response response = to_response({kNotReady, health.detail});
    response.headers.push_back({"Retry-After", "1"});
    return response;
  }
  Response response = json_response();
  JsonWriter json(response.body);
  json.begin_object();
  json.member("ready", true);
  json.member("positions", health.polled ? "polled" : "tailed");
  if (health.polled) json.member("why", health.polled_why);
  json.end_object();
  response.body.push_back('\n');
  return response;
}

Response render_live() {
  Response response = json_response();
  response.body = "{\"live\":true}\n";
  return response;
}

Response render_metrics(std::string text) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.headers.push_back({"Cache-Control", "no-store"});
  response.body = std::move(text);
  return response;
}

}  // namespace tidemark::http
