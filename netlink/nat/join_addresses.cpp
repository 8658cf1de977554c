#include "netlink/nat/join_addresses.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace hostnet {
namespace {

PacketScope anywhere(PacketScope scope) {
  scope.destination.reset();
  scope.local_only = false;
  return scope;
}

bool does_the_same(const NatRule& one, const NatRule& other) {
  return one.source == other.source && one.table == other.table && one.effect == other.effect &&
         one.prerouting == other.prerouting && one.output == other.output &&
         one.targets == other.targets && one.chains == other.chains &&
         one.comments == other.comments && anywhere(one.scope) == anywhere(other.scope);
}

// The scope of one rule of the run, as written, if the run covers all of it.
std::optional<PacketScope> joint_scope(std::span<const NatRule> run,
                                       std::span<const PacketScope> whole,
                                       const std::function<bool(const PacketScope&)>& is_for_us) {
  for (PacketScope scope : whole) {
    scope.family = run.front().scope.family;
    scope.certainty = run.front().scope.certainty;
    scope.leaves_on.clear();
    if (anywhere(scope) != anywhere(run.front().scope)) continue;
    PacketScope certain = scope;
    certain.certainty = Certainty::certain;
    std::vector<PacketScope> missing{certain};
    bool inside = true;
    for (const NatRule& rule : run) {
      inside = inside && covers(certain, rule.scope);
      missing = difference(missing, rule.scope);
    }
    if (inside && std::ranges::none_of(missing, is_for_us)) return scope;
  }
  return std::nullopt;
}

}  // namespace

std::vector<NatRule> join_addresses(std::vector<NatRule> rules, std::span<const PacketScope> whole,
                                    const std::function<bool(const PacketScope&)>& is_for_us) {
  std::vector<NatRule> out;
  out.reserve(rules.size());
  for (std::size_t at = 0; at < rules.size();) {
    std::size_t end = at + 1;
    while (end < rules.size() && does_the_same(rules[at], rules[end])) ++end;
    const std::span run = std::span(rules).subspan(at, end - at);
    const auto joint =
        run.size() > 1 ? joint_scope(run, whole.subspan(at, run.size()), is_for_us) : std::nullopt;
    if (joint) {
      out.push_back(std::move(run.front()));
      out.back().scope = *joint;
    } else {
      std::ranges::move(run, std::back_inserter(out));
    }
    at = end;
  }
  return out;
}

}  // namespace hostnet
