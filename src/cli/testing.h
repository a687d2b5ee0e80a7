// For tests: a gateway that says what it is told to, once a connection.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tidemark::cli::testing {

struct Scripted {
  int status = 200;
  std::string body;
};

class ScriptedGateway {
 public:
  struct Request {
    std::string line;  // method and target
    std::string prefer;
    std::string body;
  };

  explicit ScriptedGateway(std::vector<Scripted> script)
      : acceptor_(io_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
        port_(acceptor_.local_endpoint().port()),
        thread_([this, script = std::move(script)] {
          for (const Scripted& each : script) answer(each);
        }) {}
  ~ScriptedGateway() { join(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Waits until all of the script was said.
  const std::vector<Request>& requests() {
    join();
    return requests_;
  }

 private:
  using Tcp = boost::asio::ip::tcp;

  void answer(const Scripted& each) {
    namespace http = boost::beast::http;
    boost::system::error_code error;
    Tcp::socket socket(io_);
    acceptor_.accept(socket, error);
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    http::read(socket, buffer, request, error);
    requests_.push_back({std::string(request.method_string()) + " " + std::string(request.target()),
                         std::string(request[http::field::prefer]), request.body()});
    http::response<http::string_body> response(static_cast<http::status>(each.status), 11);
    response.body() = each.body;
    response.prepare_payload();
    http::write(socket, response, error);
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  boost::asio::io_context io_;
  Tcp::acceptor acceptor_;
  const unsigned short port_;
  std::vector<Request> requests_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tidemark::cli::testing
