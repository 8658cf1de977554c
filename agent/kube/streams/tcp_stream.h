#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "agent/kube/streams/byte_stream.h"

namespace hostnet {

// A server's addresses: the name is resolved once, for any number of connections.
struct Endpoint {
  struct Address {
    sockaddr_storage storage{};
    socklen_t size{};
  };
  std::string name;  // "api.example:6443", for messages
  std::vector<Address> addresses;
};

// Blocks for as long as the system's resolver takes.
Result<Endpoint> resolve(const std::string& host, int port);

// Tries each of its addresses in turn, until the deadline.
Result<std::unique_ptr<ByteStream>> connect_tcp(const Endpoint& endpoint, SteadyTime deadline);

}  // namespace hostnet
