#include "netlink/nat/walk_nat.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "netlink/nat/packets/taken_packets.h"
#include "netlink/nat/recognize.h"

namespace hostnet {
namespace {

constexpr std::size_t kDeepest = 16;  // NFT_JUMP_STACK_SIZE; ip_tables allows more, nobody does

using ChainsByName = std::unordered_map<std::string_view, const PacketChain*>;

struct BaseChain {
  const PacketTable* table{};
  const PacketChain* chain{};
  std::size_t place{};
};

bool same_but_for_chance(PacketScope one, const PacketScope& other) {
  one.conditional = other.conditional;
  one.unknown = other.unknown;
  one.random = other.random;
  return one == other;
}

class NatWalker {
 public:
  NatWalker(const NatWalkOptions& options, NatHook hook, NatWalk& out)
      : options_(options), hook_(hook), out_(out) {}

  void enter(const BaseChain& base, const ChainsByName& chains) {
    table_ = base.table;
    chains_ = &chains;
    PacketScope everything;
    everything.family = base.table->family;
    follow(*base.chain, everything);
    taken_.leave(kOfBaseChain);
  }

  std::vector<NatRule> rules;

 private:
  enum class Outcome { fell_through, taken };
  static constexpr std::size_t kOfBaseChain = 1;

  Outcome follow(const PacketChain& chain, const PacketScope& scope) {
    if (path_.size() >= kDeepest) {
      out_.complete = false;
      return Outcome::fell_through;
    }
    path_.push_back(chain.name);
    const std::size_t level = kOfBaseChain + path_.size();
    const Outcome outcome = follow_rules(chain, scope, level);
    taken_.leave(level);
    path_.pop_back();
    return outcome;
  }

  Outcome follow_rules(const PacketChain& chain, const PacketScope& scope, std::size_t level) {
    for (const PacketRule& rule : chain.rules) {
      for (const PacketAlternative& alternative : rule.alternatives) {
        if (steps_++ >= options_.most_steps || rules.size() >= options_.most_rules) {
          out_.complete = false;
          return Outcome::fell_through;
        }
        const auto all = intersection(scope, alternative.scope);
        if (!all || !is_for_us(*all)) continue;
        const auto packets = taken_.rest_of(*all);
        if (!packets) continue;
        const bool was_shadowed = shadowed_;
        shadowed_ = shadowed_ || packets->arrives_on != all->arrives_on;
        const std::size_t comments = comments_.size();
        for (const auto& comment : {&rule.comment, &alternative.comment}) {
          if (!comment->empty()) comments_.push_back(*comment);
        }
        const auto outcome = act(alternative, *packets, covers(alternative.scope, scope), level);
        comments_.resize(comments);
        shadowed_ = was_shadowed;
        if (outcome) return *outcome;
      }
    }
    return Outcome::fell_through;
  }

  // What becomes of the chain; none: its next rule. `all`: no packet of this
  // chain is left for the next rule unless it comes back from `action`.
  std::optional<Outcome> act(const PacketAlternative& alternative, const PacketScope& packets,
                             bool all, std::size_t level) {
    using Kind = PacketAction::Kind;
    switch (alternative.action.kind) {
      case Kind::go_on: return std::nullopt;
      case Kind::leave:
        if (all) return Outcome::fell_through;
        take(packets, level);
        return std::nullopt;
      case Kind::jump:
      case Kind::go_to: return enter_chain(alternative.action, packets, all, level);
      case Kind::accept: take(packets, kOfBaseChain); break;
      case Kind::drop: take(packets, TakenPackets::kForGood); break;
      case Kind::dnat:
      case Kind::redirect:
        tell(alternative.action, packets);
        take(packets, TakenPackets::kForGood);
        break;
    }
    if (all) return Outcome::taken;
    return std::nullopt;
  }

  std::optional<Outcome> enter_chain(const PacketAction& action, const PacketScope& packets,
                                     bool all, std::size_t level) {
    const auto at = chains_->find(action.chain);
    if (at == chains_->end()) return std::nullopt;
    const Outcome outcome = follow(*at->second, packets);
    if (outcome == Outcome::taken) {
      take(packets, kOfBaseChain);
      return all ? std::optional(outcome) : std::nullopt;
    }
    if (action.kind == PacketAction::Kind::jump) return std::nullopt;
    if (all) return Outcome::fell_through;
    take(packets, level);
    return std::nullopt;
  }

  // What this machine sends arrives on no interface, so on none that a rule excludes.
  void take(PacketScope packets, std::size_t level) {
    if (hook_ == NatHook::output) packets.arrives_on.reset();
    taken_.add(packets, level);
  }

  bool is_for_us(const PacketScope& packets) const {
    const bool arrives = packets.arrives_on && !packets.arrives_on->other;
    if (arrives && hook_ == NatHook::output) return false;
    if (!options_.local_addresses || !packets.destination) return true;
    const AddressSpan& span = *packets.destination;
    if (span.first.is_loopback() || span.last.is_loopback()) return true;
    const auto at = std::ranges::lower_bound(*options_.local_addresses, span.first);
    return at != options_.local_addresses->end() && span.contains(*at);
  }

  void tell(const PacketAction& action, const PacketScope& packets) {
    if (packets.family) return tell_of_family(action, packets);
    for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
      PacketScope narrowed = packets;
      narrowed.family = family;
      tell_of_family(action, narrowed);
    }
  }

  void tell_of_family(const PacketAction& action, const PacketScope& packets) {
    const bool redirect = action.kind == PacketAction::Kind::redirect;
    if (!rules.empty() && is_another_backend(packets, redirect)) {
      return add_backend(action, packets);
    }
    NatRule rule{.source = table_->source, .table = table_->name, .scope = packets};
    rule.prerouting = hook_ == NatHook::prerouting;
    rule.output = hook_ == NatHook::output;
    rule.redirect = redirect;
    rule.shadowed = shadowed_;
    if (action.target) rule.targets.push_back(*action.target);
    rule.chains = path_;
    rule.comments = comments_;
    last_table_ = table_;
    rules.push_back(std::move(rule));
  }

  // The last rule took some of the same packets, and this one others of them.
  bool is_another_backend(const PacketScope& packets, bool redirect) const {
    const NatRule& last = rules.back();
    return last_table_ == table_ && !redirect && !last.redirect &&
           same_but_for_chance(last.scope, packets) &&
           (last.scope.conditional || last.scope.random);
  }

  void add_backend(const PacketAction& action, const PacketScope& packets) {
    NatRule& rule = rules.back();
    rule.scope.conditional = rule.scope.conditional && packets.conditional;
    rule.scope.random = rule.scope.random && packets.random;
    rule.scope.unknown = rule.scope.unknown || packets.unknown;
    if (action.target && rule.targets.size() < kMostTargets &&
        std::ranges::find(rule.targets, *action.target) == rule.targets.end()) {
      rule.targets.push_back(*action.target);
    }
    const auto [end, other] = std::ranges::mismatch(rule.chains, path_);
    rule.chains.erase(end, rule.chains.end());
  }

  const NatWalkOptions& options_;
  NatHook hook_;
  NatWalk& out_;
  const PacketTable* table_{};
  const PacketTable* last_table_{};
  const ChainsByName* chains_{};
  TakenPackets taken_;
  std::vector<std::string> path_, comments_;
  bool shadowed_{};  // others have these packets but for those of some interfaces
  std::size_t steps_{};
};

std::vector<BaseChain> base_chains(std::span<const PacketTable* const> tables, NatHook hook) {
  std::vector<BaseChain> out;
  for (const PacketTable* table : tables) {
    for (const PacketChain& chain : table->chains) {
      if (chain.hook == hook) out.push_back({table, &chain, out.size()});
    }
  }
  // Of one priority: in the order in which they were told.
  std::ranges::sort(out, {},
                    [](const BaseChain& one) { return std::pair(one.chain->priority, one.place); });
  return out;
}

std::string text_of(const NatRule& rule) {
  std::string targets;
  for (const NatTarget& target : rule.targets) {
    if (!targets.empty()) targets += ", ";
    targets += target.to_string();
  }
  const std::string scope = to_string(rule.scope);
  const std::string family =
      rule.scope.family ? (*rule.scope.family == AddressFamily::ipv4 ? "ip" : "ip6") : "inet";
  std::string text = fmt::format("{} {} {}:", family, rule.table, rule.chains.back());
  if (!scope.empty()) text += " " + scope;
  if (rule.scope.conditional) text += " (on a condition)";
  text += rule.redirect ? " redirect" : " dnat";
  if (!targets.empty()) text += " to " + targets;
  return text;
}

}  // namespace

NatWalk walk_nat(std::span<const PacketTable* const> tables, const NatWalkOptions& options) {
  NatWalk walk;
  std::unordered_map<const PacketTable*, ChainsByName> chains;
  for (const PacketTable* table : tables) {
    for (const PacketChain& chain : table->chains) chains[table].emplace(chain.name, &chain);
  }
  std::unordered_map<std::string, std::size_t> known;
  for (const NatHook hook : {NatHook::prerouting, NatHook::output}) {
    NatWalker walker(options, hook, walk);
    for (const BaseChain& base : base_chains(tables, hook)) walker.enter(base, chains[base.table]);
    for (NatRule& rule : walker.rules) {
      rule.text = text_of(rule);
      recognize_owner(rule);
      const auto [at, fresh] = known.emplace(rule.text, walk.rules.size());
      if (fresh) {
        walk.rules.push_back(std::move(rule));
      } else {
        walk.rules[at->second].prerouting |= rule.prerouting;
        walk.rules[at->second].output |= rule.output;
      }
    }
  }
  return walk;
}

NatWalk walk_nat(const std::vector<PacketTable>& tables, const NatWalkOptions& options) {
  std::vector<const PacketTable*> all;
  for (const PacketTable& table : tables) all.push_back(&table);
  return walk_nat(all, options);
}

}  // namespace hostnet
