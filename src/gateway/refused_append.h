// An append that the log did not take, as core tells of one that failed.
#pragma once

#include "base/result.h"
#include "core/events.h"

namespace tidemark::gateway {

core::Delivery refused_append(const Error& error);

}  // namespace tidemark::gateway
