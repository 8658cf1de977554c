#pragma once

// The rules, one file each in this folder, and the tables that order them: only the first conflict
// of a declaration counts, so the table, read from top to bottom, shows which verdict wins. A new
// verdict is a rule here and a row in the catalogue (agent/verdicts/verdict.h). Rules are pure: no
// clock, no kernel, no logging.

#include <array>
#include <optional>
#include <vector>

#include "agent/findings/context/context.h"

namespace hostnet::rules {

// Judges one declaration.
using DeclarationRule = std::optional<Finding>(const Declaration&, const FindingContext&);
// Judges the node; appends to the earlier findings.
using NodeRule = void(const FindingContext&, std::vector<Finding>& found);

DeclarationRule duplicate_declaration, foreign_holder, hostport_hijacks_service,
    hostport_hijacks_listener, hijacked_pod, hijacked_host_port, hostport_not_programmed,
    shared_port;
inline constexpr auto kConflicts = std::to_array<DeclarationRule*>({
    duplicate_declaration,
    foreign_holder,  // node_component, other_pod, unmanaged_…, kernel_socket, owner_unknown,
                     // ephemeral_connection, time_wait: by the holder
    hostport_hijacks_service,
    hostport_hijacks_listener,
    hijacked_pod,        // hostport_hijacks_listener, nodeport_hijacks_listener,
                         // nat_rule_hijacks_listener: by the rule
    hijacked_host_port,  // nodeport_hijacks_listener, nat_rule_hijacks_listener
    hostport_not_programmed,
    shared_port,
});

// All that apply count.
DeclarationRule declared_not_listening, in_ephemeral_range, in_node_port_range,
    unsupported_protocol, scheduler_blind, port_filtered;
inline constexpr auto kDeclarationRisks = std::to_array<DeclarationRule*>({
    declared_not_listening,
    in_ephemeral_range,
    in_node_port_range,
    unsupported_protocol,
    scheduler_blind,
    port_filtered,
});

NodeRule bind_refused, hijacked_listener, hostport_rule_stale, hostport_rule_unguarded,
    reserved_port, dns_policy, undeclared_listener, node_port_range_in_ephemeral_range;
inline constexpr auto kNodeRules = std::to_array<NodeRule*>({
    bind_refused,  // only if the declaration has no conflict, which gets the observation otherwise
    hijacked_listener,  // hostport_hijacks_listener, nodeport_hijacks_listener: undeclared
    hostport_rule_stale,
    hostport_rule_unguarded,
    reserved_port,  // only for ports without earlier findings
    dns_policy,
    undeclared_listener,
    node_port_range_in_ephemeral_range,
});

}  // namespace hostnet::rules
