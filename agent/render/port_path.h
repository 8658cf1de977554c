#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/findings/report.h"

namespace hostnet {

// One stop of a packet on its way to a port, and who has it there.
struct PathStep {
  enum class Kind { client, rule, address, socket, process, pod, nobody };
  Kind kind{};
  std::string text;
  std::string detail;  // "" if the text says it all
  bool operator==(const PathStep&) const = default;
};
std::string_view to_string(PathStep::Kind kind);

// A path that packets to the port take, starting at the client.
struct PortPath {
  std::vector<PathStep> steps;
  std::string instead_of;  // who declares the port but does not get it; "": it ends where it should
  bool operator==(const PortPath&) const = default;
};

// Every actual path into a port: the NAT rules in the kernel's order (except those that match
// nothing because earlier ones take everything), then the sockets of servers there. One path to
// nobody if there are neither. Not escaped.
std::vector<PortPath> port_paths(const Report& report, std::uint16_t port, Protocol protocol);

}  // namespace hostnet
