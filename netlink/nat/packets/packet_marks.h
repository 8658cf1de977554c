#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

// What rules have made of packets' marks so far. A connection's first packet
// begins without any: its own, which only its sender or eBPF could have set, and its
// connection's.
class PacketMarks {
 public:
  // Later changes are made to what earlier ones left.
  void change(const PacketScope& packets, const MarkChange& change);
  // The packets of `scope` whose marks are as it asks, without asking for marks. None:
  // there are too many changes to tell.
  std::optional<std::vector<PacketScope>> matching(const PacketScope& scope) const;

 private:
  struct Change {
    PacketScope packets;
    MarkChange change;
  };
  std::vector<Change> changes_;
};

}  // namespace hostnet
