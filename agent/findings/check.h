#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/context/finding.h"
#include "agent/pods/pod.h"
#include "agent/ports/port_snapshot.h"

namespace hostnet {

// /check and `hostnet-agent check PORT`: could a server on this node bind this now?
struct CheckQuery {
  Protocol protocol{};
  std::uint16_t port{};
  std::optional<IpAddress> address;  // unset: `::`, or 0.0.0.0 where there is no IPv6
  bool v6only{};
  // For a pod's hostPort: packets are forwarded to the pod, not delivered to the node.
  bool forwarded{};
};

enum class CheckVerdict { free, in_use, diverted, filtered, no_such_address, unknown };
inline constexpr std::array kCheckVerdicts{
    CheckVerdict::free,     CheckVerdict::in_use,          CheckVerdict::diverted,
    CheckVerdict::filtered, CheckVerdict::no_such_address, CheckVerdict::unknown};
std::string_view to_string(CheckVerdict verdict);

struct CheckAnswer {
  Protocol protocol{};
  std::uint16_t port{};
  IpAddress address;  // the one that was checked
  CheckVerdict verdict{};
  std::optional<bool> bindable;  // unset: the kernel does not report it
  std::vector<Holder> holders;   // those that matter for the answer, most relevant first
  // Packet filters that certainly drop or reject packets from other machines to the port.
  std::vector<std::shared_ptr<const NatRule>> filtered_by;
  std::vector<DeclaredPort> declared_by;
  std::vector<Verdict> risks;
  std::string explanation;
  bool operator==(const CheckAnswer&) const = default;
};

// The newcomer is a TCP listener with SO_REUSEADDR or a plain UDP socket, on no device and without
// SO_REUSEPORT. A holder whose bind overlaps blocks it, unless that is a TCP socket that also has
// SO_REUSEADDR and does not listen (inet_csk_bind_conflict(), net/ipv4/inet_connection_sock.c;
// tests/kernel checks this against the kernel). Needs a fresh scan: `table` must hold every socket
// of that port in every state (SocketQuery with kEverySocketState). Pure.
CheckAnswer check_port(const CheckQuery& query, const PortSnapshot& table, const PodSnapshot& pods,
                       const Policy& policy, WallTime now);

}  // namespace hostnet
