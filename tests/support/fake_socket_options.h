#pragma once

#include <cstdint>
#include <map>

#include "netlink/node/socket_options.h"

namespace hostnet {

// Options by the socket's inode. Fill it, then only read.
class FakeSocketOptions final : public SocketOptions {
 public:
  std::map<std::uint64_t, Result<BindOptions>> by_inode;

  Result<BindOptions> read(int, int, std::uint64_t inode) const override {
    const auto at = by_inode.find(inode);
    if (at != by_inode.end()) return at->second;
    return failure(Reason::unsupported, "reading the options of a socket: the test says none");
  }
};

}  // namespace hostnet
