// The bind verdicts: another owner's socket blocks a hostNetwork server.

#include <fmt/format.h>

#include "agent/findings/context/holders.h"
#include "agent/findings/context/remedy.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"
#include "netlink/base/ranges.h"

namespace hostnet::rules {
namespace {

// The verdict on a holder that blocks the declaration; unset: none can be given.
std::optional<Verdict> verdict_on(const Holder& holder, const FindingContext& context) {
  const PortKey key{holder.socket.protocol, holder.socket.local_port};
  switch (port_use(holder.socket)) {
    case PortUse::connected: return Verdict::ephemeral_connection;
    case PortUse::time_wait: {
      const auto& listened = context.table.recent_listeners;
      if (!listened || contains(*listened, key)) return std::nullopt;
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
  if (!context.table.coverage.every_owner) return std::nullopt;  // reported once in `problems`
  return Verdict::owner_unknown;
}

std::string remedy_for(Verdict verdict, const Holder& holder, const DeclaredPort& port,
                       const FindingContext& context) {
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

}  // namespace

std::optional<Finding> foreign_holder(const Declaration& declaration,
                                      const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (declaration.rejected || port.mode != PortMode::host_network) return {};
  if (listen_state(declaration, context) != ListenState::no) return {};
  const Holders holders = holders_in_the_way(declaration, context);
  for (const Holder* holder : holders) {
    const auto verdict = verdict_on(*holder, context);
    if (!verdict) continue;
    Finding finding = finding_about(*verdict, declaration, context);
    // The decisive holder comes first.
    finding.held_by.push_back(*holder);
    for (const Holder* other : holders) {
      if (other != holder) finding.held_by.push_back(*other);
    }
    finding.explanation = fmt::format("{} cannot bind {}: {}.", declarer(port), port_name(port),
                                      describe_holder(*holder));
    finding.remedy = remedy_for(*verdict, *holder, port, context);
    if (verdict == Verdict::other_pod && leaves_in_grace(*holder, context)) {
      finding.severity = Severity::info;
      finding.remedy = kWaitForTheHolder;
    }
    return finding;
  }
  return {};
}

}  // namespace hostnet::rules
