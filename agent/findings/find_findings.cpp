#include "agent/findings/find_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/findings/context/overlap.h"
#include "agent/findings/rules/rules.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

auto order_of_findings(const Finding& finding) {
  return std::tuple(class_of(finding.verdict), finding.severity, finding.port, finding.protocol,
                    finding.verdict, std::string_view(finding.id));
}

// As far as ignore rules see.
bool is_same_owner(const Holder& one, const Holder& other) {
  const auto identity = [](const Holder& holder) {
    return std::tie(holder.name, holder.owner.kind, holder.owner.unit, holder.owner.cgroup,
                    holder.owner.exe);
  };
  return identity(one) == identity(other) && port_use(one.socket) == port_use(other.socket);
}

// Keeps `most` holders: the first sockets, but at least one NAT rule (or half of them), which say
// where the packets of those sockets go.
void cut_holders(Finding& finding, std::size_t most) {
  const std::size_t all = finding.held_by.size();
  if (all <= most) return;
  const auto all_rules = static_cast<std::size_t>(std::ranges::count_if(
      finding.held_by, [](const Holder& holder) { return holder.nat != nullptr; }));
  const std::size_t sockets_at_least = std::min(all - all_rules, most - most / 2);
  std::size_t rules = std::min(all_rules, most - sockets_at_least);
  std::size_t sockets = most - rules;
  std::vector<Holder> listed, left_out;
  listed.reserve(most);
  for (Holder& holder : finding.held_by) {
    std::size_t& left = holder.nat ? rules : sockets;
    (left > 0 ? listed : left_out).push_back(std::move(holder));
    if (left > 0) --left;
  }
  finding.unlisted_owners = std::ranges::any_of(left_out, [&](const Holder& holder) {
    return std::ranges::none_of(listed, std::bind_front(is_same_owner, std::cref(holder)));
  });
  finding.held_by = std::move(listed);
  finding.explanation = fmt::format("{} {} more holders of the port are not listed.",
                                    finding.explanation, left_out.size());
}

// The findings about declarations. Each may list two holders, and all together 250 more: many
// declarations of one port that many sockets hold would list all of them many times.
class Kept {
 public:
  void add(Finding finding) {
    cut_holders(finding, kLeast + more_);
    more_ -= std::max(kLeast, finding.held_by.size()) - kLeast;
    findings.push_back(std::move(finding));
  }

  std::vector<Finding> findings;

 private:
  static constexpr std::size_t kLeast = 2;
  std::size_t more_ = 250;
};

// Only the first conflict of a declaration counts, but all of its risks.
void judge_declaration(const Declaration& declaration, const FindingContext& context, Kept& kept) {
  for (auto* const rule : rules::kConflicts) {
    if (auto finding = rule(declaration, context)) {
      kept.add(*std::move(finding));
      break;
    }
  }
  if (declaration.rejected) return;
  for (auto* const rule : rules::kDeclarationRisks) {
    if (auto finding = rule(declaration, context)) kept.add(*std::move(finding));
  }
}

using DeclarationKey = std::tuple<Protocol, std::uint16_t, std::string, std::string, std::string>;

DeclarationKey key_of(const DeclaredPort& port) {
  return {port.protocol, port.port, port.namespace_, port.pod, port.container};
}

// If a conflict explains why the pod does not listen, advice to remove the port is no help.
void leave_out_explained(std::vector<Finding>& found) {
  std::set<DeclarationKey> in_conflict;
  for (const Finding& finding : found) {
    if (class_of(finding.verdict) != FindingClass::conflict) continue;
    for (const DeclaredPort& port : finding.declared_by) in_conflict.insert(key_of(port));
  }
  std::erase_if(found, [&](const Finding& finding) {
    return finding.verdict == Verdict::declared_not_listening &&
           in_conflict.contains(key_of(finding.declared_by.front()));
  });
}

std::vector<Finding> all_findings(const FindingContext& context) {
  Kept kept;
  for (const Declaration& declaration : context.declarations) {
    judge_declaration(declaration, context, kept);
  }
  std::vector<Finding> found = std::move(kept.findings);
  for (auto* const rule : rules::kNodeRules) rule(context, found);
  leave_out_explained(found);
  std::ranges::sort(found, finding_comes_before);
  const auto repeated = std::ranges::unique(found, {}, &Finding::id);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

std::vector<std::uint16_t> ports_not_listening(const FindingContext& context) {
  std::vector<std::uint16_t> ports;
  for (const Declaration& declaration : context.declarations) {
    if (declaration.rejected || declaration.port.mode != PortMode::host_network) continue;
    if (listen_state(declaration, context) == ListenState::no) {
      ports.push_back(declaration.port.port);
    }
  }
  sort_unique(ports);
  return ports;
}

}  // namespace

NodeFindings judge_node(const PortSnapshot& table, const PodSnapshot& pods, const Policy& policy,
                        WallTime now) {
  const FindingContext context(table, pods, policy, now);
  return {.findings = all_findings(context), .ports_not_listening = ports_not_listening(context)};
}

bool finding_comes_before(const Finding& one, const Finding& other) {
  return order_of_findings(one) < order_of_findings(other);
}

}  // namespace hostnet
