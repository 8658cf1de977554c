#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>

#include "netlink/nat/ipset/ip_set.h"
#include "netlink/netlink.h"

namespace hostnet {

// The set that a rule names by the kernel's number for it. An empty function:
// sets cannot be read.
using IpSetLookup = std::function<Result<const IpSet*>(std::uint16_t index)>;

NetlinkRequest ip_set_name_request(std::uint16_t index);
NetlinkRequest ip_set_list_request(const std::string& name);

// Reads the sets that are asked for, each once: for one reading of the rules.
// Needs CAP_NET_ADMIN, and Linux 4.20 for the names of numbers.
class IpSets {
 public:
  explicit IpSets(Netlink& netlink) : netlink_(netlink) {}

  // Valid as long as this object.
  Result<const IpSet*> find(std::uint16_t index);
  // Whether any set was wanted.
  bool asked() const { return !known_.empty(); }
  IpSetLookup lookup() {
    return [this](std::uint16_t index) { return find(index); };
  }

 private:
  Result<IpSet> read(std::uint16_t index);

  Netlink& netlink_;
  std::size_t left_{2 * kMostIpSetElements};  // of all sets together
  std::map<std::uint16_t, Result<IpSet>> known_;
};

}  // namespace hostnet
