#include "agent/findings/context/context.h"

#include <chrono>

#include "agent/ports/pod_index.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

constexpr std::chrono::minutes kReadyMeansItWorks{5};

// A record without a UID (a manifest) and a running pod are the same if they share a name (a static
// pod's live name ends in its node's name) or a workload.
bool same_by_name(const Declaration& declaration, std::string_view in_namespace,
                  std::string_view pod, const Pod* live) {
  const DeclaredPort& port = declaration.port;
  if (port.namespace_ != in_namespace) return false;
  if (port.pod == pod) return true;
  if (live == nullptr) return false;
  if (!live->node_name.empty() && pod == port.pod + "-" + live->node_name) return true;
  return !port.workload.empty() && port.workload == live->workload;
}

Relation relation_by_pod(const Holder& holder, const Declaration& declaration,
                         const FindingContext& context) {
  // A node component may run in a pod: then its sockets belong to that pod.
  if (holder.owner.kind != HolderKind::pod && holder.owner.pod_uid.empty()) {
    return Relation::foreign;
  }
  const DeclaredPort& port = declaration.port;
  if (same_pod_uid(holder.owner.pod_uid, port.uid) ||
      same_pod_uid(holder.owner.pod_uid, port.config_hash)) {
    return Relation::own;
  }
  const Pod* live = context.pod_of(holder);
  if (live == declaration.pod && live != nullptr) return Relation::own;
  const std::string_view pod = live != nullptr ? live->name : std::string_view(holder.pod);
  const std::string_view in_namespace =
      live != nullptr ? live->namespace_ : std::string_view(holder.namespace_);
  if (port.uid.empty() && !pod.empty() && same_by_name(declaration, in_namespace, pod, live)) {
    return Relation::own;
  }
  if (!pod.empty()) return Relation::foreign;
  // No source knows this pod. A source that stopped answering may not know it yet, and it may be
  // the pod of a declaration without a UID.
  const bool may_be_new = context.pods.stale || !context.pods.synced;
  return may_be_new || port.uid.empty() ? Relation::unsure : Relation::foreign;
}

const Holders& on_port(const std::map<PortKey, Holders>& by_port, const DeclaredPort& port) {
  static const Holders kNobody;
  const auto slot = by_port.find({port.protocol, port.port});
  return slot == by_port.end() ? kNobody : slot->second;
}

}  // namespace

FindingContext::FindingContext(const PortSnapshot& table_in, const PodSnapshot& pods_in,
                               const Policy& policy_in, WallTime now_in)
    : table(table_in),
      pods(pods_in),
      policy(policy_in),
      now(now_in),
      declarations(collect_declarations(pods_in, now_in)) {
  if (table.filters && !declarations.empty()) ways_in = hostnet::ways_in(table);
  std::map<PortKey, std::size_t> declarers;
  for (const Declaration& declaration : declarations) {
    const PortKey key{declaration.port.protocol, declaration.port.port};
    holders.try_emplace(key);
    listed_declarers += 2 * declarers[key]++ + 1;  // the square of their number
    if (!declaration.rejected) declared[key].push_back(&declaration);
  }
  for (const Holder& holder : table.holders) {
    const PortKey key{holder.socket.protocol, holder.socket.local_port};
    if (holder.nat) {
      rules[key].push_back(&holder);
    } else if (const auto slot = holders.find(key); slot != holders.end()) {
      slot->second.push_back(&holder);
    }
  }
}

const Holders& FindingContext::holders_of(const DeclaredPort& port) const {
  return on_port(holders, port);
}

const Holders& FindingContext::rules_on(const DeclaredPort& port) const {
  return on_port(rules, port);
}

std::vector<const Declaration*> FindingContext::host_ports_on(const PortKey& key) const {
  const auto at = declared.find(key);
  if (at == declared.end()) return {};
  std::vector<const Declaration*> found = at->second;
  std::erase_if(found, [](auto* one) { return one->port.mode != PortMode::host_port; });
  return found;
}

const Pod* FindingContext::pod_of(const Holder& holder) const {
  return table.pods ? table.pods->by_uid(holder.owner.pod_uid) : nullptr;
}

Relation relation_of(const Holder& holder, const Declaration& declaration,
                     const FindingContext& context) {
  if (holder.owner.self) return Relation::own;
  return relation_by_pod(holder, declaration, context);
}

ListenState listen_state(const Declaration& declaration, const FindingContext& context) {
  if (declaration.port.mode != PortMode::host_network) return ListenState::no;
  // The pod's listener may be among the sockets that could not be listed.
  auto answer = context.table.coverage.unread.contains(declaration.port.protocol)
                    ? ListenState::perhaps
                    : ListenState::no;
  for (const Holder* holder : context.holders_of(declaration.port)) {
    if (!holder->socket.is_server()) continue;
    // The agent's own socket counts as a listener of the agent's own pod only.
    const auto relation = relation_by_pod(*holder, declaration, context);
    if (relation == Relation::own) return ListenState::yes;
    if (relation == Relation::unsure) answer = ListenState::perhaps;
  }
  return answer;
}

Finding finding_about(Verdict verdict, const Declaration& declaration,
                      const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  Finding finding = make_finding(verdict, port.protocol, port.port, port.host_ip, identity_of(port),
                                 port.container);
  if (finding.severity == Severity::critical && ready_for(port, context.now, kReadyMeansItWorks)) {
    finding.severity = Severity::warning;
  }
  finding.declared_by = {port};
  return finding;
}

std::size_t most_declarers(const FindingContext& context) {
  constexpr std::size_t kOfAllFindings = 3'000, kLeast = 2;
  const std::size_t all = context.declarations.size();
  if (context.listed_declarers <= kOfAllFindings) return std::max(kLeast, all);
  return std::max(kLeast, kOfAllFindings / all);
}

void add_holders(Finding& finding, const Holders& holders) {
  for (const Holder* holder : holders) {
    const bool known = holder->nat && contains(finding.held_by, *holder);
    if (!known) finding.held_by.push_back(*holder);
  }
}

}  // namespace hostnet
