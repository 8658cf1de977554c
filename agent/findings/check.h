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

// /check and `hostnet-agent check PORT`: could a server bind this here now?
struct CheckQuery {
  Protocol protocol{};
  std::uint16_t port{};
  std::optional<IpAddress> address;  // unset: `::`, or 0.0.0.0 where there is no IPv6
  bool v6only{};
  // A pod's hostPort: what arrives is forwarded to the pod, not delivered here.
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
  IpAddress address;  // the one that was judged
  CheckVerdict verdict{};
  std::optional<bool> bindable;  // unset: the kernel does not tell
  std::vector<Holder> holders;   // those that matter for the answer, most telling first
  // Packet filters that certainly end what other machines send there.
  std::vector<std::shared_ptr<const NatRule>> filtered_by;
  std::vector<DeclaredPort> declared_by;
  std::vector<Verdict> risks;
  std::string explanation;
  bool operator==(const CheckAnswer&) const = default;
};

// The newcomer is a TCP listener with SO_REUSEADDR or a plain UDP socket, on no
// device and without SO_REUSEPORT. A holder whose bind overlaps its own is in its
// way, unless that is a TCP socket that has SO_REUSEADDR too and does not listen
// (inet_csk_bind_conflict(), net/ipv4/inet_connection_sock.c; tests/kernel holds
// it against the kernel). Judges a fresh scan: `table` must hold every socket of that
// port in every state (SocketQuery with kEverySocketState). Pure.
CheckAnswer check_port(const CheckQuery& query, const PortSnapshot& table, const PodSnapshot& pods,
                       const Policy& policy, WallTime now);

}  // namespace hostnet
