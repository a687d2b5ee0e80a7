// The least that an answer over HTTP can cost here: no parsing, no gateway, no Kafka.
//
// Most of what the gateway spends on a request is the kernel's, and what that takes
// differs from machine to machine. This server reads what there is, takes it for one
// request, and sends an answer of a gateway's size; run in turns with the gateway
// under the same load it says how much of a figure is the machine's.
//
// Prints its port, and serves until it is killed.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

int listener() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket < 0 || bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(socket, 4096) != 0) {
    std::perror("listen");
    std::exit(1);
  }
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return socket;
}

void watch(int epoll, int socket) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = socket;
  epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
}

}  // namespace

int main() {
  // As long as what the gateway says of an event with one consumer.
  const std::string body(620, ' ');
  const std::string answer = "HTTP/1.1 200 OK\r\nServer: echo\r\nContent-Type: application/json\r\nTidemark-Mark: " + std::string(110, 'A') +
                             "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const int accepting = listener(), epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, accepting);
  std::array<epoll_event, 128> events;
  std::array<char, 4096> buffer;
  while (true) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == accepting) {
        const int accepted = accept4(accepting, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const int on = 1;
        if (accepted < 0) continue;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, accepted);
      } else if (recv(socket, buffer.data(), buffer.size(), 0) <= 0) {
        close(socket);
      } else if (send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
        close(socket);
      }
    }
  }
}
