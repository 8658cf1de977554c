#pragma once

// What packet filters keep from a port.

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
  std::vector<std::shared_ptr<const NatRule>> rules;  // that end packets, each once
  bool everything{};  // nothing gets through from outside; else only on `first`
  WayIn first;
};

// What certainly does not come from other machines, by the ways in that the table has
// (ways_in()), to a server on this node. Unset: nothing, or the filters are not known, or
// another rule leads packets to the port.
std::optional<Filtered> filtered_server(const Bind& server, Protocol protocol, std::uint16_t port,
                                        const PortSnapshot& table, std::span<const WayIn> ways);

// The same for a declared port: of the pod's server on this node, or of the pod behind its
// hostPort's rule.
std::optional<Filtered> filtered_declaration(const Declaration& declaration,
                                             const FindingContext& context);

// "nothing from outside reaches it: rule "…" of ufw drops it".
std::string filtered_words(const Filtered& filtered);
// How to let packets in, or how to see the rule.
std::string remedy_against_filter(const NatRule& rule, Protocol protocol, std::uint16_t port);

}  // namespace hostnet
