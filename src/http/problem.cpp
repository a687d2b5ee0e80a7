#include "http/problem.h"

#include "http/json_writer.h"

namespace tidemark::http {

void write_members(const Problem& problem, JsonWriter& json) {
  json.member("type", "/problems/" + std::string(problem.kind.type));
  json.member("title", problem.kind.title);
  json.member("status", problem.kind.status);
  if (!problem.detail.empty()) json.member("detail", printable(problem.detail, 500));
  if (!problem.field.empty()) json.member("field", printable(problem.field));
}

Response to_response(const Problem& problem) {
  Response response;
  response.status = problem.kind.status;
  response.content_type = "application/problem+json";
  JsonWriter json(response.body);
  json.begin_object();
  write_members(problem, json);
  json.end_object();
  response.body.push_back('\n');
  return response;
}

}  // namespace tidemark::http
