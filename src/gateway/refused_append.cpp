#include "gateway/refused_append.h"

namespace tidemark::gateway {

core::Delivery refused_append(const Error& error) {
  core::Delivery delivery;
  delivery.fate = core::Delivery::Fate::not_appended;
  delivery.detail = error.message;
  switch (error.kind) {
    case ErrorKind::limit: delivery.reason = core::Delivery::Reason::limit; break;
    case ErrorKind::not_found: delivery.reason = core::Delivery::Reason::unknown_topic; break;
    case ErrorKind::invalid: delivery.reason = core::Delivery::Reason::invalid; break;
    case ErrorKind::forbidden: delivery.reason = core::Delivery::Reason::forbidden; break;
    case ErrorKind::unavailable: delivery.reason = core::Delivery::Reason::unavailable; break;
    case ErrorKind::timeout: delivery.reason = core::Delivery::Reason::timeout; break;
    case ErrorKind::corrupt:
    case ErrorKind::internal: delivery.reason = core::Delivery::Reason::internal; break;
  }
  return delivery;
}

}  // namespace tidemark::gateway
