#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "agent/findings/context.h"
#include "agent/findings/wording.h"

namespace hostnet {
namespace {

constexpr std::chrono::minutes kReadyMeansItWorks{5};

using Holders = std::vector<const Holder*>;

void add_holders(Finding& finding, const Holders& holders) {
  for (const Holder* holder : holders) finding.held_by.push_back(*holder);
}

// duplicate_declaration.
bool find_duplicate(const Declaration& declaration, const FindingContext& context,
                    std::vector<Finding>& found) {
  const auto duplicates = duplicates_of(declaration, context);
  if (duplicates.empty()) return false;
  const DeclaredPort& port = declaration.port;
  Finding finding = finding_about(Verdict::duplicate_declaration, Severity::warning, declaration);
  for (const Declaration* other : duplicates) finding.declared_by.push_back(other->port);
  add_holders(finding, port.mode == PortMode::host_network
                           ? holders_in_the_way(declaration, context)
                           : hijacked_listeners(declaration, context));
  const DeclaredPort& other = duplicates.front()->port;
  const auto more = duplicates.size() - 1;
  const DeclaredPort* refused = declaration.rejected           ? &port
                                : duplicates.front()->rejected ? &other
                                                               : nullptr;
  finding.explanation = fmt::format(
      "{} and {}{} both declare {} on this node (host IPs {} and {}), which one node can give only "
      "once{}.",
      declarer(port), declarer(other), more == 0 ? "" : fmt::format(" and {} more", more),
      port_name(port), port.host_ip, other.host_ip,
      refused == nullptr
          ? ""
          : fmt::format("; kubelet refused {}/{} (NodePorts)", refused->namespace_, refused->pod));
  finding.remedy = "give one of them another port, or keep them on different nodes";
  found.push_back(std::move(finding));
  return true;
}

// What a holder is to a hostNetwork declaration; nothing where nobody may say.
std::optional<Verdict> verdict_on(const Holder& holder, const FindingContext& context) {
  const PortKey key{holder.socket.protocol, holder.socket.local_port};
  switch (port_use(holder.socket)) {
    case PortUse::connected: return Verdict::ephemeral_connection;
    case PortUse::time_wait: {
      const auto& listened = context.table.recent_listeners;
      if (!listened || std::ranges::find(*listened, key) != listened->end()) return std::nullopt;
      return Verdict::time_wait;
    }
    case PortUse::handshake: return std::nullopt;
    case PortUse::bound: break;
  }
  switch (holder.owner.kind) {
    case HolderKind::node_component: return Verdict::node_component;
    case HolderKind::pod: return Verdict::other_pod;
    case HolderKind::unmanaged_container: return Verdict::unmanaged_container;
    case HolderKind::unmanaged_process: return Verdict::unmanaged_process;
    case HolderKind::kernel: return Verdict::kernel_socket;
    case HolderKind::nat_rule: return std::nullopt;
    case HolderKind::unknown: break;
  }
  if (!context.table.attribution_complete) return std::nullopt;  // `problems` says it once
  return Verdict::owner_unknown;
}

bool leaves_in_grace(const Holder& holder, const FindingContext& context) {
  const Pod* pod = context.pod_of(holder);
  return pod != nullptr ? terminating_in_grace(*pod, context.now) : holder.pod_terminating;
}

Severity severity_of(Verdict verdict, const Holder& holder, const DeclaredPort& port,
                     const FindingContext& context) {
  if (verdict == Verdict::time_wait) return Severity::info;
  if (verdict == Verdict::owner_unknown) return Severity::warning;
  if (verdict == Verdict::other_pod && leaves_in_grace(holder, context)) return Severity::info;
  return severity_of_a_bind_conflict(port, context);
}

std::string remedy_for(Verdict verdict, const Holder& holder, const DeclaredPort& port,
                       const FindingContext& context) {
  if (verdict == Verdict::other_pod && leaves_in_grace(holder, context)) {
    return "wait: the holder is terminating within its grace period";
  }
  if (verdict == Verdict::time_wait) {
    const auto left = holder.socket.expires_ms.value_or(60'000) / 1000 + 1;
    return fmt::format("wait {} s: the kernel frees it by itself", left);
  }
  if (verdict == Verdict::ephemeral_connection &&
      context.table.ranges.ephemeral.contains(port.port)) {
    return reserve_command(context) + ", then restart the holder or wait until its connection ends";
  }
  return remedy_against(holder, port);
}

// The bind verdicts: somebody else's socket stands in the way of a hostNetwork
// server.
void find_bind_conflict(const Declaration& declaration, const FindingContext& context,
                        std::vector<Finding>& found) {
  const Holders holders = holders_in_the_way(declaration, context);
  const DeclaredPort& port = declaration.port;
  for (const Holder* holder : holders) {
    const auto verdict = verdict_on(*holder, context);
    if (!verdict) continue;
    Finding finding =
        finding_about(*verdict, severity_of(*verdict, *holder, port, context), declaration);
    // The one that decides comes first.
    finding.held_by.push_back(*holder);
    for (const Holder* other : holders) {
      if (other != holder) finding.held_by.push_back(*other);
    }
    finding.explanation = fmt::format("{} cannot bind {}: {} {}.", declarer(port), port_name(port),
                                      who(*holder), what_it_does(*holder));
    finding.remedy = remedy_for(*verdict, *holder, port, context);
    found.push_back(std::move(finding));
    return;
  }
}

// shared_port: the pod has its port, and so has somebody else.
bool find_shared_port(const Declaration& declaration, const FindingContext& context,
                      std::vector<Finding>& found) {
  const Holders holders = holders_that_share(declaration, context);
  if (holders.empty()) return false;
  const DeclaredPort& port = declaration.port;
  const Holder& holder = *holders.front();
  const bool leaves = leaves_in_grace(holder, context);
  Finding finding =
      finding_about(Verdict::shared_port, leaves ? Severity::info : Severity::warning, declaration);
  add_holders(finding, holders);
  finding.explanation = fmt::format(
      "{} {} too, with SO_REUSEPORT: the kernel gives it a share of what arrives for {} on {}.",
      who(holder), what_it_does(holder), declarer(port), port_name(port));
  finding.remedy = leaves ? "wait: the holder is terminating within its grace period"
                          : remedy_against(holder, port);
  found.push_back(std::move(finding));
  return true;
}

}  // namespace

Severity severity_of_a_bind_conflict(const DeclaredPort& port, const FindingContext& context) {
  return ready_for(port, context.now, kReadyMeansItWorks) ? Severity::warning : Severity::critical;
}

void find_conflicts(const FindingContext& context, std::vector<Finding>& found) {
  for (const Declaration& declaration : context.declarations) {
    if (!declaration.rejected) {
      const auto listens = listen_state(declaration, context);
      if (listens == ListenState::yes && !find_shared_port(declaration, context, found)) {
        find_hijack(declaration, context, found);
      }
      if (listens != ListenState::no) continue;
    }
    if (find_duplicate(declaration, context, found) || declaration.rejected) continue;
    if (declaration.port.mode == PortMode::host_network) {
      find_bind_conflict(declaration, context, found);
    } else {
      find_hijack(declaration, context, found);
      find_unprogrammed(declaration, context, found);
    }
  }
  find_undeclared_hijacks(context, found);
}

}  // namespace hostnet
