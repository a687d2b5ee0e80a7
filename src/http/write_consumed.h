// What a consumer has committed and where its partitions end, as GET /consumers
// and GET /doctor both show it.
#pragma once

#include <vector>

#include "core/engine.h"
#include "http/json_writer.h"

namespace tidemark::http {

// "topics":[{"topic","source","lag","partitions":[{"partition","committed","end"}]}], all of them.
void write_consumed(JsonWriter& json, const std::vector<core::ConsumerView::TopicView>& topics);

}  // namespace tidemark::http
