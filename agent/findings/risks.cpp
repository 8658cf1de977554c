#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ranges>
#include <set>

#include "agent/findings/context.h"
#include "agent/findings/risk_rules.h"
#include "agent/findings/wording.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kReadyMeansItListens{60};

void declared_not_listening(const Declaration& declaration, const FindingContext& context,
                            std::vector<Finding>& found) {
  const DeclaredPort& port = declaration.port;
  if (port.mode != PortMode::host_network || !context.table.attribution_complete) return;
  if (port.protocol == Protocol::sctp && !context.table.sctp_supported) return;
  if (!ready_for(port, context.now, kReadyMeansItListens)) return;
  if (listen_state(declaration, context) != ListenState::no) return;
  Finding finding = finding_about(Verdict::declared_not_listening, Severity::info, declaration);
  finding.explanation =
      fmt::format("{} is ready but nothing in its pod listens on the {} that it declares.",
                  declarer(port), port_name(port));
  finding.remedy = "remove the port from the manifest, or make the program listen on it";
  found.push_back(std::move(finding));
}

void in_ephemeral_range(const Declaration& declaration, const FindingContext& context,
                        std::vector<Finding>& found) {
  const DeclaredPort& port = declaration.port;
  if (!may_be_taken_by_a_connection(port.port, context.table.ranges)) return;
  Finding finding = finding_about(Verdict::in_ephemeral_range, Severity::warning, declaration);
  const auto [first, last] = context.table.ranges.ephemeral;
  finding.explanation = fmt::format(
      "{} declares {}, and any outgoing connection of this node may take that port first "
      "(ephemeral range {}-{}).",
      declarer(port), port_name(port), first, last);
  finding.remedy = reserve_command(context);
  found.push_back(std::move(finding));
}

void in_node_port_range(const Declaration& declaration, const FindingContext& context,
                        std::vector<Finding>& found) {
  const DeclaredPort& port = declaration.port;
  const auto& range = context.policy.node_port_range;
  if (!range.contains(port.port)) return;
  Finding finding = finding_about(Verdict::in_node_port_range, Severity::warning, declaration);
  finding.explanation = fmt::format(
      "{} declares {}, which Kubernetes may give to any Service as its NodePort ({}-{}) and then "
      "takes the traffic.",
      declarer(port), port_name(port), range.first, range.last);
  finding.remedy = fmt::format("move the pod's port out of {}-{}", range.first, range.last);
  found.push_back(std::move(finding));
}

void unsupported_protocol(const Declaration& declaration, const FindingContext& context,
                          std::vector<Finding>& found) {
  const DeclaredPort& port = declaration.port;
  if (port.protocol != Protocol::sctp || context.table.sctp_supported) return;
  Finding finding = finding_about(Verdict::unsupported_protocol, Severity::info, declaration);
  finding.explanation = fmt::format(
      "{} declares {}, but this kernel does not show SCTP sockets, so nobody can say "
      "who holds it.",
      declarer(port), port_name(port));
  finding.remedy = "modprobe sctp_diag, if the pod needs SCTP";
  found.push_back(std::move(finding));
}

// The scheduler counts sidecars' ports from 1.33.6 and 1.34.0 on (kubernetes#133390).
// A "1.33" of which the rest is not known may be either.
bool scheduler_ignores_sidecars(const PodSnapshot& pods) {
  static const std::vector<int> kCounts{1, 33, 6};
  if (!pods.server_version) return false;
  const std::vector<int>& version = *pods.server_version;
  const bool known = !std::ranges::equal(version, kCounts | std::views::take(version.size()));
  return known && version < kCounts;
}

void scheduler_blind(const Declaration& declaration, const FindingContext& context,
                     std::vector<Finding>& found) {
  const DeclaredPort& port = declaration.port;
  const bool wildcard = port.host_ip == "::";
  const bool sidecar =
      port.container_type == ContainerType::sidecar && scheduler_ignores_sidecars(context.pods);
  if (!wildcard && !sidecar) return;
  Finding finding = finding_about(Verdict::scheduler_blind, Severity::info, declaration);
  if (wildcard) {
    finding.explanation = fmt::format(
        "{} declares {} on host IP ::, which the scheduler takes for one address and not for "
        "every address, so it may put a pod with the same port beside it.",
        declarer(port), port_name(port));
    finding.remedy = "leave hostIP out (or write 0.0.0.0): then the scheduler keeps the port apart";
  } else {
    finding.explanation = fmt::format(
        "{} is a sidecar, and this cluster's scheduler does not count the ports of sidecars, so it "
        "may put a pod with the same {} beside it.",
        declarer(port), port_name(port));
    finding.remedy = "upgrade Kubernetes to 1.33.6 or 1.34, or declare the port in a container";
  }
  found.push_back(std::move(finding));
}

const ReservedPorts* reservation_of(const DeclaredPort& port, const Policy& policy) {
  const auto found = std::ranges::find_if(policy.reserved_ports, [&](const ReservedPorts& row) {
    return row.ports.contains(port.port) && (!row.protocol || row.protocol == port.protocol);
  });
  return found == policy.reserved_ports.end() ? nullptr : &*found;
}

// `covered`: ports that a finding is about already, the pod's DNS aside.
void reserved_port(const Declaration& declaration, const FindingContext& context,
                   const std::set<PortKey>& covered, std::vector<Finding>& found) {
  const DeclaredPort& port = declaration.port;
  const ReservedPorts* reservation = reservation_of(port, context.policy);
  if (reservation == nullptr || covered.contains({port.protocol, port.port})) return;
  if (listen_state(declaration, context) != ListenState::no) return;
  Finding finding = finding_about(Verdict::reserved_port, Severity::info, declaration);
  finding.explanation = fmt::format("{} declares {}, which is {}'s by convention.", declarer(port),
                                    port_name(port), reservation->reason);
  finding.remedy = "move the pod's port, or take it out of reserved_ports in --config.file";
  found.push_back(std::move(finding));
}

// One for each pod that declares ports: its DNS is the pod's, not a port's.
void dns_policy(const std::vector<const Declaration*>& of_pod, std::vector<Finding>& found) {
  const DeclaredPort& first = of_pod.front()->port;
  const std::string_view policy =
      first.dns_policy.empty() ? std::string_view("ClusterFirst") : first.dns_policy;
  if (first.mode != PortMode::host_network) return;
  if (policy == "ClusterFirstWithHostNet" || policy == "Default" || policy == "None") return;
  Finding finding;
  finding.verdict = Verdict::dns_policy;
  finding.severity = Severity::info;
  finding.id = finding_id(finding.verdict, {}, {}, "",
                          first.uid.empty() ? first.namespace_ + "/" + first.pod : first.uid, "");
  for (const Declaration* declaration : of_pod) finding.declared_by.push_back(declaration->port);
  const auto pod = fmt::format("{}/{}", first.namespace_, first.pod);
  finding.explanation =
      policy == "ClusterFirst"
          ? fmt::format(
                "{} uses hostNetwork with dnsPolicy ClusterFirst, which then means the "
                "node's resolver: cluster names do not resolve.",
                pod)
          : fmt::format("{} has dnsPolicy {}, which Kubernetes does not know.", pod, policy);
  finding.remedy = "dnsPolicy: ClusterFirstWithHostNet";
  found.push_back(std::move(finding));
}

}  // namespace

bool may_be_taken_by_a_connection(unsigned port, const PortRanges& ranges) {
  return ranges.ephemeral.contains(port) &&
         std::ranges::none_of(ranges.reserved,
                              [port](const PortRange& range) { return range.contains(port); });
}

std::vector<Verdict> risks_of_port(Protocol protocol, std::uint16_t port, const PortSnapshot& table,
                                   const Policy& policy) {
  std::vector<Verdict> risks;
  if (may_be_taken_by_a_connection(port, table.ranges)) {
    risks.push_back(Verdict::in_ephemeral_range);
  }
  if (policy.node_port_range.contains(port)) risks.push_back(Verdict::in_node_port_range);
  DeclaredPort asked;
  asked.protocol = protocol;
  asked.port = port;
  if (reservation_of(asked, policy) != nullptr) risks.push_back(Verdict::reserved_port);
  if (protocol == Protocol::sctp && !table.sctp_supported) {
    risks.push_back(Verdict::unsupported_protocol);
  }
  return risks;
}

void find_declaration_risks(const FindingContext& context, std::vector<Finding>& found) {
  for (const Declaration& declaration : context.declarations) {
    if (declaration.rejected) continue;
    declared_not_listening(declaration, context, found);
    in_ephemeral_range(declaration, context, found);
    in_node_port_range(declaration, context, found);
    unsupported_protocol(declaration, context, found);
    scheduler_blind(declaration, context, found);
  }
  std::set<PortKey> covered;
  for (const Finding& finding : found) {
    if (finding.port && finding.protocol) covered.emplace(*finding.protocol, *finding.port);
  }
  std::map<const Pod*, std::vector<const Declaration*>> by_pod;
  for (const Declaration& declaration : context.declarations) {
    if (declaration.rejected) continue;
    reserved_port(declaration, context, covered, found);
    by_pod[declaration.pod].push_back(&declaration);
  }
  for (const auto& [pod, declarations] : by_pod) dns_policy(declarations, found);
}

void find_node_risks(const FindingContext& context, std::vector<Finding>& found) {
  const auto& [nodes_first, nodes_last] = context.policy.node_port_range;
  const auto& [first, last] = context.table.ranges.ephemeral;
  const unsigned from = std::max(first, nodes_first);
  const unsigned to = std::min(last, nodes_last);
  bool exposed = false;
  for (unsigned port = from; port <= to && !exposed; ++port) {
    exposed = may_be_taken_by_a_connection(port, context.table.ranges);
  }
  if (!exposed) return;
  Finding finding;
  finding.verdict = Verdict::node_port_range_in_ephemeral_range;
  finding.severity = Severity::info;
  finding.id = finding_id(finding.verdict, {}, {}, "", "", "");
  finding.explanation = fmt::format(
      "Outgoing connections of this node may take ports of the NodePort range: {}-{} meets the "
      "ephemeral range {}-{}.",
      nodes_first, nodes_last, first, last);
  auto ranges = context.table.ranges.reserved;
  ranges.push_back(context.policy.node_port_range);
  finding.remedy = "sysctl -w net.ipv4.ip_local_reserved_ports=" + port_list(std::move(ranges));
  found.push_back(std::move(finding));
}

}  // namespace hostnet
