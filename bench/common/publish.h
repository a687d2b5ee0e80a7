// The bytes of a publish as a client sends it, for what measures reading one.
#pragma once

#include <string>

namespace tidemark::bench {

inline std::string publish_bytes() {
  const std::string body(100, 'x');
  return "POST /topics/orders?key=customer-17&wait=5s HTTP/1.1\r\nHost: gateway.internal:8750\r\n"
         "User-Agent: python-requests/2.31.0\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
         "Content-Type: application/json\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace tidemark::bench
