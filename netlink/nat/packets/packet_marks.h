#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

// Packets with the same marks, by MarkKind; unset: it depends on something not modelled.
struct MarkedPackets {
  PacketScope packets;
  std::array<std::optional<std::uint32_t>, kMarkKinds> marks{0, 0, 0, 0};
};

// Packets' marks as changed by the rules so far. A connection's first packet begins
// with no packet mark (only its sender or eBPF could have set one) and no connection
// mark. Its state begins as conntrack's when the packet reaches the rule.
class PacketMarks {
 public:
  // Later changes apply to the result of earlier ones.
  void change(const PacketScope& packets, const MarkChange& change);
  // The packets of `scope` whose marks match it, with the marks removed from the scope.
  // Unset: there are too many changes to follow.
  std::optional<std::vector<PacketScope>> matching(const PacketScope& scope,
                                                   std::uint32_t state = kStateNew) const;

 private:
  struct Change {
    PacketScope packets;
    MarkChange change;
  };
  // Whether they are few enough to follow.
  static bool apply_all(const std::vector<Change>& changes, std::vector<MarkedPackets>& all);

  std::vector<Change> changes_, states_;
};

}  // namespace hostnet
