#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "agent/ports/port_snapshot.h"
#include "netlink/node/node.h"

namespace hostnet {

// Every socket in every state on certain ports. Whatever the ports, the kernel
// walks its whole table for them (25 ms at 100,000 sockets), so a watch looks
// again no sooner than 100 times the CPU time of the last look, and shows in
// between what that saw. Not thread safe: owned by the port table's builder.
class FullStateScan {
 public:
  explicit FullStateScan(const Node& node) : node_(node) {}

  struct Wanted {
    std::span<const std::uint16_t> ports;  // sorted, unique
    bool memory{};                         // Socket::drops too
    bool paced{};                          // keep the rhythm; else look now
  };
  // Appends to `sockets` what is on the ports and is not there already (by its
  // cookie). True: it looked; false: that is what the last look saw.
  bool scan(const Wanted& wanted, SteadyTime now, std::vector<Socket>& sockets,
            PortSnapshot& table);

  // What came of the look cost more than the look: rest longer.
  void rest(std::chrono::nanoseconds longer) { next_ += longer; }

  static constexpr int kRest = 100;  // times the CPU time of a look

 private:
  void dump(const Wanted& wanted);
  void append(const Wanted& wanted, SteadyTime now, std::vector<Socket>& sockets) const;

  Node node_;
  std::vector<Socket> seen_;  // by the last look, and what else it had to say:
  std::vector<Problem> problems_;
  std::set<Protocol> unread_;
  std::vector<std::pair<Protocol, std::uint16_t>> partly_shown_;
  SteadyTime scanned_, next_;
};

}  // namespace hostnet
