#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "agent/ports/port_snapshot.h"
#include "netlink/base/pacer.h"
#include "netlink/node/node.h"

namespace hostnet {

// All sockets in all states on certain ports. For any ports, the kernel walks its whole table (25
// ms at 100,000 sockets), so a watch rests after each scan for 100 times its CPU time and shows the
// last result in the meantime. Not thread safe: owned by the PortScanner.
class FullStateScan {
 public:
  explicit FullStateScan(const Node& node) : node_(node) {}

  struct Wanted {
    std::span<const std::uint16_t> ports;  // sorted, unique
    bool memory{};                         // Socket::drops too
    bool paced{};                          // rest between scans; otherwise scan now
  };
  // Appends the ports' sockets that are not yet in `sockets` (by cookie). True: it scanned; false:
  // they are the last scan's.
  bool scan(const Wanted& wanted, SteadyTime now, std::vector<Socket>& sockets, Coverage& coverage);

  // Processing the scan has cost this on top: rest that much longer.
  void rest_more(std::chrono::nanoseconds cost) { pacer_.rest_more(cost); }

  static constexpr int kRest = 100;  // times the CPU time of a scan

 private:
  void dump(const Wanted& wanted);
  void append(const Wanted& wanted, SteadyTime now, std::vector<Socket>& sockets) const;

  Node node_;
  std::vector<Socket> seen_;  // by the last scan
  Coverage said_;             // its other results
  SteadyTime scanned_;
  Pacer pacer_{kRest};
};

}  // namespace hostnet
