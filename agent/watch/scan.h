#pragma once

// One scan: the node's ports, joined with the pods, judged. The watch does it
// every tick, a one-shot command once, /check for one port.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/check.h"
#include "agent/findings/find_findings.h"
#include "agent/findings/report.h"
#include "agent/pods/pod.h"
#include "agent/ports/port_snapshot.h"
#include "agent/ports/scan/port_scanner.h"
#include "netlink/node/node.h"

namespace hostnet {

// What stands still while the agent runs.
struct NodeContext {
  std::shared_ptr<const Node> node;
  std::string node_name;
  std::vector<Problem> problems;  // of the preflight checks
  std::vector<Problem> limits;
  std::optional<bool> host_network_namespace;  // unset: undecided
  // What this node's scans know of NAT: each begins where the last one ended.
  std::shared_ptr<NatMemory> nat = std::make_shared<NatMemory>();
};

// --pods.node-name, else the host's name.
std::string node_name_of(const std::string& given, const Node& node);

// Runs the preflight checks once.
NodeContext read_node_context(std::shared_ptr<const Node> node, const std::string& node_name);

// What pods declare, and what a scan needs to know of it.
struct Declarations {
  std::vector<DeclaredPort> all;
  std::vector<std::uint16_t> ports;         // sorted, unique: their owners are wanted at once
  std::vector<std::uint16_t> host_network;  // those that their pods bind themselves
  bool sctp{};
};
Declarations declarations_of(const PodSnapshot& pods);

// Everything of a report but its findings.
Report make_report(const NodeContext& node_context, std::shared_ptr<const PortSnapshot> table,
                   std::shared_ptr<const PodSnapshot> pods, std::vector<DeclaredPort> declared);

// Nothing in another network than the node's: its sockets say nothing of the node's ports.
NodeFindings judge(const NodeContext& node_context, const PortSnapshot& table,
                   const PodSnapshot& pods, const Policy& policy, WallTime now);

// A scan of its own, without grace or history: `since` stays unset. Every socket
// is shown on the ports that are asked for (sorted, unique), and on those whose
// pods do not listen there.
Report scan_once(const NodeContext& node_context, std::shared_ptr<const PodSnapshot> pods,
                 const Policy& policy, std::vector<std::uint16_t> asked = {});

// A fresh scan at these ports in every state; an answer for each query.
std::vector<CheckAnswer> check_once(const NodeContext& node_context,
                                    std::shared_ptr<const PodSnapshot> pods, const Policy& policy,
                                    std::span<const CheckQuery> queries);

}  // namespace hostnet
