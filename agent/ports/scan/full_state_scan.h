#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "agent/ports/port_snapshot.h"
#include "netlink/base/pacer.h"
#include "netlink/node/node.h"

namespace hostnet {

// Every socket in every state on certain ports. Whatever the ports, the kernel
// walks its whole table for them (25 ms at 100,000 sockets), so a watch scans
// again no sooner than 100 times the CPU time of the last scan, and shows in
// between what that saw. Not thread safe: owned by the PortScanner.
class FullStateScan {
 public:
  explicit FullStateScan(const Node& node) : node_(node) {}

  struct Wanted {
    std::span<const std::uint16_t> ports;  // sorted, unique
    bool memory{};                         // Socket::drops too
    bool paced{};                          // keep the rhythm; else scan now
  };
  // Appends to `sockets` what is on the ports and is not there already (by its
  // cookie). True: it scanned; false: that is what the last scan saw.
  bool scan(const Wanted& wanted, SteadyTime now, std::vector<Socket>& sockets, Coverage& coverage);

  // What came of the scan cost more than the scan: rest that much longer.
  void rest_more(std::chrono::nanoseconds cost) { pacer_.rest_more(cost); }

  static constexpr int kRest = 100;  // times the CPU time of a scan

 private:
  void dump(const Wanted& wanted);
  void append(const Wanted& wanted, SteadyTime now, std::vector<Socket>& sockets) const;

  Node node_;
  std::vector<Socket> seen_;  // by the last scan
  Coverage said_;             // what else it had to say
  SteadyTime scanned_;
  Pacer pacer_{kRest};
};

}  // namespace hostnet
