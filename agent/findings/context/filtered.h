#pragma once

// Traffic that packet filters keep from a port.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/findings/context/context.h"
#include "agent/findings/context/outside.h"
#include "agent/findings/context/overlap.h"

namespace hostnet {

struct Filtered {
  std::vector<std::shared_ptr<const NatRule>> rules;  // that drop or reject packets, each once
  bool everything{};  // nothing gets through from outside; if false, at least `first` is blocked
  WayIn first;
};

// The filters that certainly keep packets of other machines, on the table's ways_in(), from a
// server on this node. Unset: there are none, the filters are not known, or a NAT rule leads
// packets to the port.
std::optional<Filtered> filtered_server(const Bind& server, Protocol protocol, std::uint16_t port,
                                        const PortSnapshot& table, std::span<const WayIn> ways);

// The same for a declared port: for the pod's server on this node, or for the pod behind the
// hostPort's rule.
std::optional<Filtered> filtered_declaration(const Declaration& declaration,
                                             const FindingContext& context);

// "nothing from outside reaches it: rule "…" of ufw drops it".
std::string filtered_words(const Filtered& filtered);
// How to let packets in, or how to show the rule.
std::string remedy_against_filter(const NatRule& rule, Protocol protocol, std::uint16_t port);

}  // namespace hostnet
