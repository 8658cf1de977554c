#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pods/pod.h"
#include "agent/ports/holder.h"
#include "netlink/node/clock.h"

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

// One verdict on one port. The JSON of /conflicts and /risks, one to one.
struct Finding {
  std::string id;  // hash of (verdict, protocol, port, host IP, pod UID, container)
  Verdict verdict{};
  Severity severity{};
  std::optional<Protocol> protocol;  // unset with port: about the node
  std::optional<std::uint16_t> port;
  std::string host_ip;
  std::optional<WallTime> since;  // unset in one-shot looks
  bool stale{};
  bool ignored{};
  std::string ignored_because;
  std::vector<DeclaredPort> declared_by;
  std::vector<Holder> held_by;
  std::string explanation;  // one sentence
  std::string remedy;       // one command or one sentence
  bool operator==(const Finding&) const = default;
};

}  // namespace hostnet
