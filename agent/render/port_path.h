#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/findings/report.h"

namespace hostnet {

// One stop of a packet on its way to a port: who has it there.
struct PathStep {
  enum class Kind { client, rule, address, socket, process, pod, nobody };
  Kind kind{};
  std::string text;
  std::string detail;  // "" where the text says it all
  bool operator==(const PathStep&) const = default;
};
std::string_view to_string(PathStep::Kind kind);

// A way that packets to the port take, from the client on.
struct PortPath {
  std::vector<PathStep> steps;
  bool by_rule{};
  std::string instead_of;  // who declares the port and does not get it, "": it ends where it should
  bool operator==(const PortPath&) const = default;
};

// Every way into a port as it really goes: the NAT rules in the kernel's order (but for those
// that get nothing, as earlier ones have all), then the sockets that servers have there. One path
// to nobody where there is neither. Not escaped.
std::vector<PortPath> port_paths(const Report& report, std::uint16_t port, Protocol protocol);

}  // namespace hostnet
