#include "agent/fleet/fleet.h"

#include "agent/fleet/agents/agent_client.h"
#include "agent/fleet/agents/cluster_reader.h"
#include "agent/fleet/ask_findings.h"
#include "agent/fleet/fleet_report.h"
#include "agent/fleet/pending_pod.h"
#include "agent/fleet/port_report.h"
#include "agent/fleet/stored_series.h"
#include "agent/log/log.h"

namespace hostnet {
namespace {

bool wants_json(const FleetOptions& options) {
  return options.output.format == OutputFormat::json;
}

Protocol protocol_of(const FleetOptions& options) {
  return options.port->protocol.value_or(Protocol::tcp);
}

CallAnswer answer_of(const FleetReport& report, const FleetOptions& options) {
  return {
      .text = wants_json(options) ? fleet_json(report) : fleet_text(report, options.output.style),
      .exit_code = exit_code_of(report)};
}

CallAnswer answer_of(const PortReport& report, const FleetOptions& options) {
  return {.text = wants_json(options) ? port_report_json(report)
                                      : port_report_text(report, options.output.style),
          .exit_code = exit_code_of(report)};
}

CallAnswer answer_of(const PodReport& report, const FleetOptions& options) {
  return {.text = wants_json(options) ? pod_report_json(report)
                                      : pod_report_text(report, options.output.style),
          .exit_code = exit_code_of(report)};
}

template <class Report>
Result<CallAnswer> said(const Result<Report>& report, const FleetOptions& options) {
  if (!report) return std::unexpected(report.error());
  return answer_of(*report, options);
}

Result<CallAnswer> ask_prometheus(const FleetOptions& options) {
  const Prometheus prometheus(*options.prometheus, options.patience);
  if (!options.port) return said(stored_findings(prometheus), options);
  return said(stored_port(prometheus, options.port->port, protocol_of(options)), options);
}

// A user who may not list nodes still sees those that have an agent.
Result<std::vector<FleetNode>> find_nodes(const FleetOptions& options, ClusterReader& reader) {
  const auto agents = reader.agents(options);
  if (!agents) return std::unexpected(agents.error());
  const auto nodes = reader.nodes();
  if (!nodes && nodes.error().reason != Reason::denied) return std::unexpected(nodes.error());
  if (!nodes) {
    log::complain("nodes without an agent are not known: " + nodes.error().message);
  }
  return match_agents(nodes ? *nodes : std::vector<ClusterNode>{}, *agents);
}

Result<CallAnswer> ask_agents(const FleetOptions& options) {
  const auto access = fleet_access(options);
  if (!access) return std::unexpected(access.error());
  ClusterReader reader(*access);
  const auto client = AgentClient::create(*access, options.patience);
  if (!client) return std::unexpected(client.error());
  if (!options.pod.empty()) return said(ask_for_pod(options, reader, **client), options);
  const auto nodes = find_nodes(options, reader);
  if (!nodes) return std::unexpected(nodes.error());
  if (!options.port) return said(ask_findings(*nodes, **client), options);
  return said(ask_port(*nodes, **client, options.port->port, protocol_of(options)), options);
}

}  // namespace

Result<CallAnswer> fleet_answer(const FleetOptions& options) {
  return options.prometheus ? ask_prometheus(options) : ask_agents(options);
}

}  // namespace hostnet
