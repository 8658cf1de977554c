#include "tests/kernel/network_namespace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <stdexcept>

namespace hostnet::testing {
namespace {

void require(bool succeeded, const std::string& what) {
  if (!succeeded) throw std::runtime_error(what + ": " + strerror(errno));
}

void set_option(const TestFd& fd, int level, int name, int value) {
  require(setsockopt(fd.get(), level, name, &value, sizeof value) == 0, "setsockopt");
}

}  // namespace

int InOwnNamespace::open_namespace() {
  return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

const sockaddr* Endpoint::get() const {
  const void* start = &storage;
  return static_cast<const sockaddr*>(start);
}

sockaddr* Endpoint::get() {
  void* start = &storage;
  return static_cast<sockaddr*>(start);
}

Endpoint endpoint(const std::string& ip, std::uint16_t port) {
  Endpoint out;
  const IpAddress parsed = parse_ip(ip).value();
  if (parsed.family == AddressFamily::ipv4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    std::memcpy(&address.sin_addr, parsed.bytes.data(), 4);
    std::memcpy(&out.storage, &address, out.length = sizeof address);
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    std::memcpy(&address.sin6_addr, parsed.bytes.data(), 16);
    std::memcpy(&out.storage, &address, out.length = sizeof address);
  }
  return out;
}

TestFd bound(const std::string& ip, std::uint16_t port, const SocketSetup& options) {
  const Endpoint at = endpoint(ip, port);
  TestFd fd(socket(at.storage.ss_family, options.type | SOCK_CLOEXEC, options.protocol));
  require(fd.get() >= 0, "socket");
  if (options.reuse_port) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (options.reuse_address) set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.v6only) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, *options.v6only ? 1 : 0);
  if (!options.device.empty()) {
    require(setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, options.device.c_str(),
                       static_cast<socklen_t>(options.device.size())) == 0,
            "SO_BINDTODEVICE");
  }
  require(bind(fd.get(), at.get(), at.length) == 0, "bind " + ip + " " + std::to_string(port));
  return fd;
}

TestFd listening(const std::string& ip, std::uint16_t port, const SocketSetup& options) {
  TestFd fd = bound(ip, port, options);
  require(listen(fd.get(), 16) == 0, "listen");
  return fd;
}

std::uint16_t local_port(const TestFd& fd) {
  Endpoint at;
  at.length = sizeof at.storage;
  require(getsockname(fd.get(), at.get(), &at.length) == 0, "getsockname");
  sockaddr_in as_ipv4{};  // the port is at the same place in both families
  std::memcpy(&as_ipv4, &at.storage, sizeof as_ipv4);
  return ntohs(as_ipv4.sin_port);
}

std::uint64_t inode_of(const TestFd& fd) {
  struct stat status{};
  require(fstat(fd.get(), &status) == 0, "fstat");
  return status.st_ino;
}

}  // namespace hostnet::testing
