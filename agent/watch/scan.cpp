#include "agent/watch/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>

#include "agent/binds/past_refusals.h"
#include "agent/findings/find_findings.h"
#include "agent/findings/lifecycle.h"
#include "agent/preflight/preflight.h"
#include "agent/watch/pod_addresses.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

constexpr std::size_t kListedErrors = 20;

// Data missing from the pod source makes an answer incomplete too.
void add_pod_problems(const PodSnapshot& pods, std::vector<Problem>& problems) {
  const std::string remedy = pods.source == "manifests" && pods.passed_over.empty()
                                 ? "fix the file"
                                 : "hostnet-agent doctor says which sources of pods answer";
  for (const std::string& error : pods.errors | std::views::take(kListedErrors)) {
    problems.push_back({.code = "pod_source_error", .message = error, .remedy = remedy});
  }
  if (pods.errors.size() > kListedErrors) {
    problems.push_back({.code = "pod_source_error",
                        .message = fmt::format("and {} more errors of the pod source",
                                               pods.errors.size() - kListedErrors),
                        .remedy = remedy});
  }
  if (!pods.synced) {
    problems.push_back({.code = "pods_not_synced",
                        .message = "the pod source has not answered yet",
                        .remedy = "wait, or see hostnet_pod_source_up and the log"});
  } else if (pods.stale) {
    problems.push_back(
        {.code = "pods_stale",
         .message = "the pod source stopped answering; the last known pods are shown",
         .remedy = "see the log for the error"});
  }
}

void add_problem(std::optional<Problem> problem, std::vector<Problem>& problems) {
  if (problem) problems.push_back(*std::move(problem));
}

}  // namespace

std::string node_name_of(const std::string& given, const Node& node) {
  return given.empty() ? node.identity.nodename : given;
}

NodeContext read_node_context(std::shared_ptr<const Node> node, const std::string& node_name) {
  Preflight preflight = run_preflight(*node, {});
  NodeContext node_context{.node = std::move(node),
                           .node_name = node_name,
                           .host_network_namespace = preflight.in_host_network_namespace};
  for (PreflightCheck& check : preflight.checks) {
    if (check.problem) node_context.problems.push_back(*std::move(check.problem));
  }
  return node_context;
}

Declarations declarations_of(const PodSnapshot& pods) {
  Declarations declared;
  for (const Pod& pod : pods.pods) {
    std::ranges::move(declared_ports(pod), std::back_inserter(declared.all));
  }
  for (const DeclaredPort& port : declared.all) {
    declared.ports.push_back(port.port);
    if (port.mode == PortMode::host_network) declared.host_network.push_back(port.port);
    declared.sctp = declared.sctp || port.protocol == Protocol::sctp;
  }
  sort_unique(declared.ports);
  sort_unique(declared.host_network);
  return declared;
}

Report make_report(const NodeContext& node_context, std::shared_ptr<const PortSnapshot> table,
                   std::shared_ptr<const PodSnapshot> pods, std::vector<DeclaredPort> declared) {
  const Clock& clock = *node_context.node->clock;
  Report report{.node = node_context.node_name,
                .generated_at = clock.wall(),
                .generated_at_steady = clock.steady(),
                .complete = false,
                .problems = node_context.problems,
                .limits = node_context.limits,
                .declared = std::move(declared),
                .pods = std::move(pods),
                .host_network_namespace = node_context.host_network_namespace.value_or(true)};
  std::ranges::copy(table->coverage.problems, std::back_inserter(report.problems));
  std::ranges::copy(table->coverage.limits, std::back_inserter(report.limits));
  add_pod_problems(*report.pods, report.problems);
  report.complete = report.problems.empty();
  // These problems hide nothing: what is reported about these pods and this node is true.
  if (node_context.host_network_namespace == true && report.pods->synced && !report.pods->stale) {
    add_problem(pods_of_another_node(report.pods->pods, table->addresses), report.problems);
    add_problem(pods_with_former_addresses(report.pods->pods, table->addresses), report.problems);
  }
  report.table = std::move(table);
  return report;
}

NodeFindings judge(const NodeContext& node_context, const PortSnapshot& table,
                   const PodSnapshot& pods, const Policy& policy, WallTime now) {
  if (node_context.host_network_namespace == false) return {};
  return judge_node(table, pods, policy, now);
}

Report scan_once(const NodeContext& node_context, std::shared_ptr<const PodSnapshot> pods,
                 const Policy& policy, std::vector<std::uint16_t> asked) {
  Declarations declared = declarations_of(*pods);
  PortScanner builder(*node_context.node, node_context.nat);
  ScanOptions options{.node_components = policy.node_components,
                      .network_changed = true,
                      .deep_ports = std::move(asked),
                      .sctp = declared.sctp,
                      .urgent_ports = declared.ports,
                      .memory = false,
                      .pods = std::make_shared<const PodIndex>(pods)};
  options.refusals = past_refusals(*node_context.node, policy.node_components, *options.pods,
                                   pods->synced && !pods->stale);
  const auto scan = [&] { return builder.scan(options, node_context.node->clock->steady()); };
  auto table = scan();
  NodeFindings judged =
      judge(node_context, *table, *pods, policy, node_context.node->clock->wall());
  if (!judged.ports_not_listening.empty()) {
    std::vector<std::uint16_t> deep;
    std::ranges::set_union(options.deep_ports, judged.ports_not_listening,
                           std::back_inserter(deep));
    options.deep_ports = std::move(deep);
    options.network_changed = false;
    table = scan();
    judged = judge(node_context, *table, *pods, policy, node_context.node->clock->wall());
  }
  Report report =
      make_report(node_context, std::move(table), std::move(pods), std::move(declared.all));
  report.findings = std::move(judged.findings);
  report.node_port_range = policy.node_port_range;
  // Invalid rules were refused when the policy was read.
  if (auto rules = IgnoreRules::compile(policy.ignore)) apply_ignore_rules(report.findings, *rules);
  return report;
}

std::vector<CheckAnswer> check_once(const NodeContext& node_context,
                                    std::shared_ptr<const PodSnapshot> pods, const Policy& policy,
                                    std::span<const CheckQuery> queries) {
  std::vector<std::uint16_t> ports;
  std::ranges::transform(queries, std::back_inserter(ports), &CheckQuery::port);
  sort_unique(ports);

  PortScanner builder(*node_context.node, node_context.nat);
  const auto table = builder.scan({.node_components = policy.node_components,
                                   .network_changed = true,
                                   .deep_ports = ports,
                                   .only_deep_ports = true,
                                   .sctp = contains(queries, Protocol::sctp, &CheckQuery::protocol),
                                   .urgent_ports = ports,
                                   .memory = false,
                                   .pods = std::make_shared<const PodIndex>(pods)},
                                  node_context.node->clock->steady());
  std::vector<CheckAnswer> answers;
  std::ranges::transform(queries, std::back_inserter(answers), [&](const CheckQuery& query) {
    return check_port(query, *table, *pods, policy, node_context.node->clock->wall());
  });
  return answers;
}

}  // namespace hostnet
