#pragma once

// --pod: why the scheduler finds no port for a pod, and where a process would conflict with it.

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

// The pod given by --pod.
struct WantedPod {
  Pod pod;
  std::vector<DeclaredPort> ports;
  std::string scheduler_says;            // the message of PodScheduled; ""
  std::optional<std::string> only_node;  // its node, or the only one for a DaemonSet's pod
  std::vector<std::pair<std::string, std::string>> node_selector;
};
Result<WantedPod> read_wanted_pod(std::string_view object);

// Whether the pod's nodeSelector, or the node that it is bound to, admits this node. Taints,
// affinity and resources are not considered. Pure.
bool may_go_to(const WantedPod& wanted, const ClusterNode& node);

// A wanted port that a pod on some node already declares: the only conflict the scheduler sees.
struct DeclaredThere {
  DeclaredPort wanted, declared;
};
using DeclaredByNode = std::map<std::string, std::vector<DeclaredThere>, std::less<>>;
// Adds the ports of `pod`, which has a node, that conflict with the wanted pod's. Pure.
void add_declared(const WantedPod& wanted, const Pod& pod,
                  const std::optional<std::vector<int>>& server_version, DeclaredByNode& found);

struct PodRow {
  std::string node;
  std::string verdict;  // "declared", "own", or a verdict of /check: "free", "in_use"…
  std::string port, declared_by, held_by, explanation;
};
// A node's agent on the ports that no pod declares there: a row for each port that the pod would
// not get; one row if it would get all. Pure.
std::vector<PodRow> rows_of_checks(const WantedPod& wanted, const NodeAnswer& node,
                                   const std::vector<PortCheck>& checks);

struct PodReport {
  WallTime generated_at;
  WantedPod wanted;
  std::vector<NodeAnswer> nodes;  // those that the pod may go to
  std::vector<PodRow> rows;       // at least one per node
};

Result<PodReport> ask_for_pod(const FleetOptions& options, ClusterReader& reader,
                              const AgentClient& client);

// NODE, VERDICT, PORT, DECLARED BY, HELD BY, EXPLANATION, first the nodes where it could run; the
// scheduler's message; a line of totals. With `names` the nodes whose ports are free.
std::string pod_report_text(const PodReport& report, const TextStyle& style);
std::string pod_report_json(const PodReport& report);
// 0: its ports are free on some node; 2: on none, but not every node answered; 1: on none.
int exit_code_of(const PodReport& report);

}  // namespace hostnet
