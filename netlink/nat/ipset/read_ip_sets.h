#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>

#include "netlink/nat/ipset/ip_set.h"
#include "netlink/netlink.h"

namespace hostnet {

// Finds a set by the kernel's number, which rules refer to. An empty function: sets
// cannot be read.
using IpSetLookup = std::function<Result<const IpSet*>(std::uint16_t index)>;

NetlinkRequest ip_set_name_request(std::uint16_t index);
NetlinkRequest ip_set_list_request(const std::string& name);

// Reads each requested set once: for one reading of the rules. Needs CAP_NET_ADMIN, and
// Linux 4.20 to map numbers to names.
class IpSets {
 public:
  explicit IpSets(Netlink& netlink) : netlink_(netlink) {}

  // Valid as long as this object.
  Result<const IpSet*> find(std::uint16_t index);
  // Whether any set was requested.
  bool asked() const { return !known_.empty(); }
  IpSetLookup lookup() {
    return [this](std::uint16_t index) { return find(index); };
  }

 private:
  Result<IpSet> read(std::uint16_t index);

  Netlink& netlink_;
  std::size_t left_{2 * kMostIpSetElements};  // for all sets together
  std::map<std::uint16_t, Result<IpSet>> known_;
};

}  // namespace hostnet
