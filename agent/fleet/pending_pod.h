#pragma once

// --pod: why the scheduler has no port for a pod, and where a process would be in its way.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/fleet/agents/agent_client.h"
#include "agent/fleet/agents/answered.h"
#include "agent/fleet/agents/cluster_reader.h"
#include "agent/fleet/port_report.h"
#include "agent/render/output_format.h"

namespace hostnet {

// A pod that wants a node.
struct WantedPod {
  Pod pod;
  std::vector<DeclaredPort> ports;
  std::string scheduler_says;            // the message of PodScheduled; ""
  std::optional<std::string> only_node;  // where it is, or the only one where a DaemonSet wants it
  std::vector<std::pair<std::string, std::string>> node_selector;
};
Result<WantedPod> read_wanted_pod(std::string_view object);

// Whether its nodeSelector, or the node that it is bound to, admits the node. Taints, affinity and
// resources are not judged. Pure.
bool may_go_to(const WantedPod& wanted, const ClusterNode& node);

// A port of it that a pod on some node declares already: the scheduler sees nothing else.
struct DeclaredThere {
  DeclaredPort wanted, declared;
};
using DeclaredByNode = std::map<std::string, std::vector<DeclaredThere>, std::less<>>;
// Adds what of `pod`, which has a node, keeps the wanted one away. Pure.
void add_declared(const WantedPod& wanted, const Pod& pod,
                  const std::optional<std::vector<int>>& server_version, DeclaredByNode& found);

struct PodRow {
  std::string node;
  std::string verdict;  // "declared", "own", or what /check says: "free", "in_use"…
  std::string port, declared_by, held_by, explanation;
};
// What a node's agent says of the ports that no pod declares there: a row for each that the pod
// would not get, else one. Pure.
std::vector<PodRow> rows_of_checks(const WantedPod& wanted, const NodeAnswer& node,
                                   const std::vector<PortCheck>& checks);

struct PodReport {
  WallTime generated_at;
  WantedPod wanted;
  std::vector<NodeAnswer> nodes;  // those that it may go to
  std::vector<PodRow> rows;       // at least one for each
};

Result<PodReport> ask_for_pod(const FleetOptions& options, ClusterReader& reader,
                              const AgentClient& client);

// NODE, VERDICT, PORT, DECLARED BY, HELD BY, EXPLANATION, where it could run first; what the
// scheduler said; a line that counts. With `names` the nodes whose ports are free.
std::string pod_report_text(const PodReport& report, const TextStyle& style);
std::string pod_report_json(const PodReport& report);
// 0: its ports are free on some node; 2: on none, but not every node answered; 1: on none.
int exit_code_of(const PodReport& report);

}  // namespace hostnet
