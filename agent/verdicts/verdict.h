#pragma once

// The verdicts that the agent knows, and what is true of each wherever it is found.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace hostnet {

enum class FindingClass { conflict, risk };
enum class Severity { critical, warning, info };

// interface.md section 2, in its order.
enum class Verdict {
  duplicate_declaration,
  node_component,
  other_pod,
  unmanaged_container,
  unmanaged_process,
  kernel_socket,
  owner_unknown,
  ephemeral_connection,
  time_wait,
  shared_port,
  hostport_hijacks_listener,
  nodeport_hijacks_listener,
  hostport_not_programmed,
  hostport_rule_stale,
  // risks
  declared_not_listening,
  undeclared_listener,
  in_ephemeral_range,
  in_node_port_range,
  reserved_port,
  scheduler_blind,
  dns_policy,
  unsupported_protocol,
  node_port_range_in_ephemeral_range,
  hostport_rule_unguarded,
};
inline constexpr std::size_t kVerdictCount = 24;

std::span<const Verdict> all_verdicts();
std::string_view to_string(Verdict verdict);
std::optional<Verdict> parse_verdict(std::string_view text);
FindingClass class_of(Verdict verdict);
std::string_view to_string(FindingClass finding_class);
std::string_view to_string(Severity severity);

}  // namespace hostnet
