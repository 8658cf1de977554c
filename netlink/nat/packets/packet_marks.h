#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

// Packets whose marks are the same, by MarkKind; unset: it depends on what we do not model.
struct MarkedPackets {
  PacketScope packets;
  std::array<std::optional<std::uint32_t>, kMarkKinds> marks{0, 0, 0, 0};
};

// What rules have made of packets' marks so far. A connection's first packet
// begins without any: its own, which only its sender or eBPF could have set, and its
// connection's. Its state begins as what the kernel has found out when it comes to a rule.
class PacketMarks {
 public:
  // Later changes are made to what earlier ones left.
  void change(const PacketScope& packets, const MarkChange& change);
  // The packets of `scope` whose marks are as it asks, without asking for marks. None:
  // there are too many changes to tell.
  std::optional<std::vector<PacketScope>> matching(const PacketScope& scope,
                                                   std::uint32_t state = kStateNew) const;

 private:
  struct Change {
    PacketScope packets;
    MarkChange change;
  };
  // Whether they are few enough to tell.
  static bool apply_all(const std::vector<Change>& changes, std::vector<MarkedPackets>& all);

  std::vector<Change> changes_, states_;
};

}  // namespace hostnet
