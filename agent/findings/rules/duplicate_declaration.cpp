// Two pods on this node declare the same port. The scheduler should prevent that, but static pods,
// spec.nodeName and (in older versions) sidecars get past it.

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/holders.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"
#include "agent/pods/scheduler_ports.h"
#include "agent/verdicts/listing.h"

namespace hostnet::rules {
namespace {

bool same_workload(const Declaration& one, const Declaration& other) {
  return !one.port.workload.empty() && one.port.workload == other.port.workload &&
         one.port.namespace_ == other.port.namespace_;
}

// `live` took over from `refused`, a pod of the same workload that kubelet refused: the
// controller's retry worked and nothing is wrong any more.
bool succeeded(const Declaration& live, const Declaration& refused) {
  if (!same_workload(live, refused)) return false;
  if (!live.port.ready.value_or(true)) return true;
  return live.port.ready_since && *live.port.ready_since >= *refused.pod->finished_at;
}

// The other declarations that the scheduler would not place on the same node.
std::vector<const Declaration*> duplicates_of(const Declaration& declaration,
                                              const FindingContext& context) {
  std::vector<const Declaration*> duplicates;
  // A terminating pod frees its port on its own: a rolling update is no conflict.
  if (terminating_in_grace(*declaration.pod, context.now)) return duplicates;
  for (const Declaration& other : context.declarations) {
    if (other.pod == declaration.pod) continue;
    if (other.port.protocol != declaration.port.protocol) continue;
    if (other.port.port != declaration.port.port) continue;
    if (scheduler_separates(declaration.port.host_ip, other.port.host_ip)) continue;
    if (terminating_in_grace(*other.pod, context.now)) continue;
    if (declaration.rejected && other.rejected) continue;
    if (declaration.rejected && succeeded(other, declaration)) continue;
    if (other.rejected && succeeded(declaration, other)) continue;
    duplicates.push_back(&other);
  }
  return duplicates;
}

std::string refusal_words(const Declaration& declaration, const Declaration& other) {
  if (!declaration.rejected && !other.rejected) return "";
  const DeclaredPort& refused = declaration.rejected ? declaration.port : other.port;
  return fmt::format("; kubelet refused {}/{} (NodePorts)", refused.namespace_, refused.pod);
}

}  // namespace

std::optional<Finding> duplicate_declaration(const Declaration& declaration,
                                             const FindingContext& context) {
  if (!declaration.rejected && listen_state(declaration, context) != ListenState::no) return {};
  const auto duplicates = duplicates_of(declaration, context);
  if (duplicates.empty()) return {};
  const DeclaredPort& port = declaration.port;
  Finding finding = finding_about(Verdict::duplicate_declaration, declaration, context);
  const auto listed = std::min(duplicates.size(), most_declarers(context) - 1);
  for (const Declaration* other : std::span(duplicates).first(listed)) {
    finding.declared_by.push_back(other->port);
  }
  add_holders(finding, port.mode == PortMode::host_network
                           ? holders_in_the_way(declaration, context)
                           : hijacked_listeners(declaration, context));
  const DeclaredPort& other = duplicates.front()->port;
  const auto more = duplicates.size() - 1;
  finding.explanation = fmt::format(
      "{} and {}{} both declare {} on this node (host IPs {} and {}), which one node can give only "
      "once{}.",
      declarer(port), declarer(other), and_more(more), port_name(port), port.host_ip, other.host_ip,
      refusal_words(declaration, *duplicates.front()));
  finding.remedy = "change one pod's port, or keep the pods on different nodes";
  return finding;
}

}  // namespace hostnet::rules
