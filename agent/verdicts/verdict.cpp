#include "agent/verdicts/verdict.h"

#include <algorithm>
#include <array>

namespace hostnet {
namespace {

struct Row {
  Verdict verdict;
  std::string_view name;
  FindingClass finding_class;
};

constexpr auto kConflict = FindingClass::conflict;
constexpr auto kRisk = FindingClass::risk;
constexpr std::array<Row, kVerdictCount> kTable{{
    {Verdict::duplicate_declaration, "duplicate_declaration", kConflict},
    {Verdict::node_component, "node_component", kConflict},
    {Verdict::other_pod, "other_pod", kConflict},
    {Verdict::unmanaged_container, "unmanaged_container", kConflict},
    {Verdict::unmanaged_process, "unmanaged_process", kConflict},
    {Verdict::kernel_socket, "kernel_socket", kConflict},
    {Verdict::owner_unknown, "owner_unknown", kConflict},
    {Verdict::ephemeral_connection, "ephemeral_connection", kConflict},
    {Verdict::time_wait, "time_wait", kConflict},
    {Verdict::shared_port, "shared_port", kConflict},
    {Verdict::hostport_hijacks_listener, "hostport_hijacks_listener", kConflict},
    {Verdict::nodeport_hijacks_listener, "nodeport_hijacks_listener", kConflict},
    {Verdict::hostport_not_programmed, "hostport_not_programmed", kConflict},
    {Verdict::hostport_rule_stale, "hostport_rule_stale", kConflict},
    {Verdict::declared_not_listening, "declared_not_listening", kRisk},
    {Verdict::undeclared_listener, "undeclared_listener", kRisk},
    {Verdict::in_ephemeral_range, "in_ephemeral_range", kRisk},
    {Verdict::in_node_port_range, "in_node_port_range", kRisk},
    {Verdict::reserved_port, "reserved_port", kRisk},
    {Verdict::scheduler_blind, "scheduler_blind", kRisk},
    {Verdict::dns_policy, "dns_policy", kRisk},
    {Verdict::unsupported_protocol, "unsupported_protocol", kRisk},
    {Verdict::node_port_range_in_ephemeral_range, "node_port_range_in_ephemeral_range", kRisk},
    {Verdict::hostport_rule_unguarded, "hostport_rule_unguarded", kRisk},
}};

constexpr auto kVerdicts = [] {
  std::array<Verdict, kVerdictCount> verdicts{};
  std::ranges::transform(kTable, verdicts.begin(), &Row::verdict);
  return verdicts;
}();

const Row& row(Verdict verdict) {
  return kTable[static_cast<std::size_t>(verdict)];
}

}  // namespace

std::span<const Verdict> all_verdicts() {
  return kVerdicts;
}

std::string_view to_string(Verdict verdict) {
  return row(verdict).name;
}

std::optional<Verdict> parse_verdict(std::string_view text) {
  const auto found = std::ranges::find(kTable, text, &Row::name);
  if (found == kTable.end()) return std::nullopt;
  return found->verdict;
}

FindingClass class_of(Verdict verdict) {
  return row(verdict).finding_class;
}

std::string_view to_string(FindingClass finding_class) {
  return finding_class == FindingClass::conflict ? "conflict" : "risk";
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::critical: return "critical";
    case Severity::warning: return "warning";
    case Severity::info: return "info";
  }
  return "info";
}

}  // namespace hostnet
