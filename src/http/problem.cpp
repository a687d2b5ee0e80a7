#include "http/problem.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace tidemark::http {

Response to_response(const Problem& problem) {
  boost::json::object body;
  body["type"] = "/problems/" + std::string(problem.kind.type);
  body["title"] = std::string(problem.kind.title);
  body["status"] = problem.kind.status;
  if (!problem.detail.empty()) body["detail"] = printable(problem.detail, 500);
  if (!problem.field.empty()) body["field"] = printable(problem.field);
  Response response;
  response.status = problem.kind.status;
  response.content_type = "application/problem+json";
  response.body = boost::json::serialize(body);
  return response;
}

}  // namespace tidemark::http
