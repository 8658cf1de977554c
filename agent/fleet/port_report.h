#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/fleet/agents/agent_client.h"
#include "agent/fleet/agents/answered.h"
#include "agent/render/output_format.h"
#include "netlink/facts.h"

namespace hostnet {

// One agent's answer to /check for a port.
struct PortCheck {
  std::string verdict{"unknown"};  // "free", "in_use"…
  std::string held_by, declared_by, explanation;
  std::vector<std::string> pods;  // "default/web-1" of each holder, "" if it is not a pod
  std::string json;               // the whole answer; "" if there is none
};
// From that JSON; unset: it is no answer.
std::optional<PortCheck> read_port_check(std::string_view json);

inline constexpr std::size_t kLongestCheck = std::size_t{1} << 20;

// "/check?port=8080&protocol=tcp&address=10.0.0.1"; without the address if any will do.
std::string check_target(std::uint16_t port, Protocol protocol, const std::string& address);

// Asks one node about several ports. One check per target; all unknown if it did not answer.
std::vector<PortCheck> ask_checks(const FleetNode& node, const std::vector<std::string>& targets,
                                  const AgentClient& client, NodeAnswer& answer);

// One port on every node.
struct PortReport {
  std::string from;
  WallTime generated_at;
  std::uint16_t port{};
  Protocol protocol{};
  std::vector<NodeAnswer> nodes;
  std::vector<PortCheck> checks;  // parallel to the nodes
  std::string limit;              // what such an answer cannot know; "" if nothing
};

Result<PortReport> ask_port(const std::vector<FleetNode>& nodes, const AgentClient& client,
                            std::uint16_t port, Protocol protocol);

// NODE, VERDICT, HELD BY, DECLARED BY, EXPLANATION; nodes where it is free come first. With `names`
// the nodes where it is free.
std::string port_report_text(const PortReport& report, const TextStyle& style);
std::string port_report_json(const PortReport& report);
// 0: free everywhere; 1: not; 2: a node did not answer, or does not know.
int exit_code_of(const PortReport& report);

}  // namespace hostnet
