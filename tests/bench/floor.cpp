// The least that a work can cost: a server that does it with the kernel's interfaces and nothing
// else, for each request "GET /WORK" (floor_works.h), so that it is measured as the agent is.
//
//   floor PORT

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "floor_works.h"

namespace hostnet {
namespace {

int listen_at(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(fd, 16) == 0) {
    return fd;
  }
  std::perror("floor: listen");
  return -1;
}

bool send_all(int client, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string_view path_of(std::string_view request) {
  const auto slash = request.find('/');
  const auto end = request.find_first_of(" ?", slash);
  return slash == std::string_view::npos ? "" : request.substr(slash + 1, end - slash - 1);
}

bool answer(int client, std::string_view request, std::string& body) {
  body.clear();
  const bool known = floor_work(path_of(request), body);
  std::array<char, 96> head{};
  std::snprintf(head.data(), head.size(), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n",
                known ? "200 OK" : "404 Not Found", body.size());
  return send_all(client, head.data()) && send_all(client, body);
}

void serve(int client) {
  const int yes = 1;
  const int room = 4 << 20;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::setsockopt(client, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  static std::string body;
  std::string request;
  std::array<char, 4096> bytes{};
  for (;;) {
    const auto got = ::recv(client, bytes.data(), bytes.size(), 0);
    if (got <= 0) return;
    request.append(bytes.data(), static_cast<std::size_t>(got));
    if (!request.ends_with("\r\n\r\n")) continue;
    if (!answer(client, request, body)) return;
    request.clear();
  }
}

}  // namespace
}  // namespace hostnet

int main(int argc, char** argv) {
  const int server = hostnet::listen_at(argc > 1 ? std::atoi(argv[1]) : 20'001);
  if (server < 0) return 1;
  for (;;) {
    const int client = ::accept(server, nullptr, nullptr);
    if (client < 0) return 1;
    hostnet::serve(client);
    ::close(client);
  }
}
