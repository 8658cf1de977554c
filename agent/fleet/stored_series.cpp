#include "agent/fleet/stored_series.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "agent/render/json_parts.h"
#include "netlink/base/real_time.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// Long enough for any scrape interval and a restart, short enough for a node that was deleted.
constexpr std::string_view kRecently = "1h";

std::string url_of_runbook(const std::string& verdict) {
  return "see the runbook: https://hostnet-agent.io/runbooks/" + verdict;
}

std::set<std::string, std::less<>> nodes_of(const std::vector<StoredSeries>& all) {
  std::set<std::string, std::less<>> nodes;
  for (const StoredSeries& series : all) nodes.insert(series.node());
  return nodes;
}

// Every node that has series, or had some recently.
Result<std::vector<NodeAnswer>> stored_nodes(const Prometheus& prometheus) {
  const auto known =
      prometheus.query(fmt::format("last_over_time(hostnet_build_info[{}])", kRecently));
  if (!known) return std::unexpected(known.error());
  const auto now = prometheus.query("hostnet_build_info");
  if (!now) return std::unexpected(now.error());
  const auto partial = prometheus.query("hostnet_attribution_complete == 0");
  if (!partial) return std::unexpected(partial.error());
  const auto answering = nodes_of(*now);
  const auto incomplete = nodes_of(*partial);
  std::vector<NodeAnswer> nodes;
  for (const std::string& name : nodes_of(*known)) {
    NodeAnswer node{.node = name,
                    .agent = {},
                    .answered = answering.contains(name),
                    .error = {},
                    .complete = answering.contains(name),
                    .problems = {}};
    if (!node.answered) node.error = "its series ended: Prometheus does not reach the agent";
    if (node.answered && incomplete.contains(name)) {
      node.complete = false;
      node.problems = {"hostnet_attribution_complete is 0"};
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

void add_class(const std::vector<StoredSeries>& all, std::string_view of_class,
               std::vector<FleetFinding>& findings) {
  std::set<std::string> seen;  // two Prometheus replicas store each one twice
  for (const StoredSeries& series : all) {
    FleetFinding finding = finding_of_series(series, of_class);
    if (seen.insert(finding.node + "\n" + finding.json).second) {
      findings.push_back(std::move(finding));
    }
  }
}

// The holder of a port on a node, and who declares it.
struct StoredUse {
  std::string holder, declared;
};
using UseByNode = std::map<std::string, StoredUse, std::less<>>;

Result<UseByNode> stored_uses(const Prometheus& prometheus, std::uint16_t port, Protocol protocol) {
  const std::string of_port =
      fmt::format(R"({{port="{}",protocol="{}"}})", port, to_string(protocol));
  const std::string listeners =
      protocol == Protocol::udp
          ? fmt::format(R"(hostnet_udp_socket_drops_total{{port="{}"}})", port)
          : "hostnet_listener_accept_queue_limit" + of_port;
  const auto all = prometheus.query(fmt::format(
      "{} or hostnet_listener_info{} or hostnet_port_conflict{}", listeners, of_port, of_port));
  if (!all) return std::unexpected(all.error());
  UseByNode by_node;
  for (const StoredSeries& series : *all) {
    StoredUse& use = by_node[series.node()];
    if (const std::string holder = series.label("holder"); !holder.empty()) use.holder = holder;
    if (series.label("verdict").empty()) continue;
    if (const std::string pod = series.own("pod"); !pod.empty()) {
      use.declared = series.own("namespace") + "/" + pod;
    }
  }
  return by_node;
}

PortCheck check_of(const NodeAnswer& node, const UseByNode& by_node) {
  PortCheck check;
  if (!node.answered) return check;
  const auto found = by_node.find(node.node);
  check.verdict = found == by_node.end() ? "free" : "in_use";
  if (found == by_node.end()) return check;
  check.held_by = found->second.holder;
  check.declared_by = found->second.declared;
  return check;
}

}  // namespace

FleetFinding finding_of_series(const StoredSeries& series, std::string_view of_class) {
  const auto of = [&](std::string_view name) { return series.label(name); };
  const std::string pod = series.own("pod");
  const std::string space = series.own("namespace");
  const std::string container = series.own("container");
  const auto port = parse_number<int>(of("port"));
  Json declared = Json::array(), held = Json::array();
  if (!pod.empty()) {
    declared.push_back({{"namespace", space},
                        {"pod", pod},
                        {"workload", of("workload")},
                        {"container", container}});
  }
  if (!of("holder").empty() || !of("holder_kind").empty()) {
    held.push_back({{"kind", of("holder_kind")}, {"name", of("holder")}});
  }
  const Json json{{"class", of_class},
                  {"verdict", of("verdict")},
                  {"severity", of("severity")},
                  {"protocol", of("protocol")},
                  {"port", port ? Json(*port) : Json(nullptr)},
                  {"host_ip", of("host_ip")},
                  {"since", nullptr},
                  {"declared_by", std::move(declared)},
                  {"held_by", std::move(held)},
                  {"explanation", ""},
                  {"remedy", url_of_runbook(of("verdict"))}};
  FleetFinding finding;
  if (auto read = read_fleet_finding(series.node(), json_text(json))) finding = *std::move(read);
  // Labels have less detail than holders.
  finding.held_by = of("holder").empty() ? of("holder_kind") : of("holder");
  return finding;
}

Result<FleetReport> stored_findings(const Prometheus& prometheus) {
  auto nodes = stored_nodes(prometheus);
  if (!nodes) return std::unexpected(nodes.error());
  FleetReport report{.from = "prometheus",
                     .generated_at = wall_now(),
                     .nodes = *std::move(nodes),
                     .findings = {},
                     .findings_cut = 0};
  const auto conflicts = prometheus.query("hostnet_port_conflict");
  if (!conflicts) return std::unexpected(conflicts.error());
  const auto risks = prometheus.query("hostnet_port_risk");
  if (!risks) return std::unexpected(risks.error());
  add_class(*conflicts, "conflict", report.findings);
  add_class(*risks, "risk", report.findings);
  sort_findings(report);
  return report;
}

Result<PortReport> stored_port(const Prometheus& prometheus, std::uint16_t port,
                               Protocol protocol) {
  auto nodes = stored_nodes(prometheus);
  if (!nodes) return std::unexpected(nodes.error());
  const auto uses = stored_uses(prometheus, port, protocol);
  if (!uses) return std::unexpected(uses.error());
  PortReport report{.from = "prometheus",
                    .generated_at = wall_now(),
                    .port = port,
                    .protocol = protocol,
                    .nodes = *std::move(nodes),
                    .checks = {},
                    .limit =
                        "series tell of listeners only: not of connections, TIME_WAIT, NAT "
                        "rules; without --prometheus the agents are asked"};
  for (const NodeAnswer& node : report.nodes) report.checks.push_back(check_of(node, *uses));
  return report;
}

}  // namespace hostnet
