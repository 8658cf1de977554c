#include "netlink/nat/walk_nat.h"

#include <algorithm>
#include <utility>

#include "netlink/nat/base_chains.h"
#include "netlink/nat/merge_walks.h"
#include "netlink/nat/packets/packet_marks.h"
#include "netlink/nat/packets/taken_packets.h"
#include "netlink/nat/rule_collector.h"

namespace hostnet {
namespace {

// The order in which packets reach base chains. Those of type nat are all called where
// the kernel translates, ordered by priority among themselves.
enum class Stage { before_nat, nat, after_nat };
Stage stage_of(const PacketChain& chain) {
  if (chain.type == ChainType::nat) return Stage::nat;
  return chain.priority < kNatPriority ? Stage::before_nat : Stage::after_nat;
}

// This machine's own packets arrive on no interface, and a second time on loopback.
enum class Origin { elsewhere, here, here_again };

class NatWalker {
 public:
  NatWalker(const NatWalkOptions& options, bool marks_matter, NatWalk& out)
      : options_(options), marks_matter_(marks_matter), out_(out) {}

  void pass(std::span<const BaseChain> bases, Origin origin) {
    origin_ = origin;
    for (const Stage stage : {Stage::before_nat, Stage::nat, Stage::after_nat}) {
      if (stage == Stage::nat) {
        for (const PacketScope& packets : untracked_) taken_.add(packets, kOfNat);
      }
      for (const BaseChain& base : bases) {
        if (stage_of(*base.chain) == stage) enter(base);
      }
      taken_.leave(kOfNat);
      hand_to_sockets();
    }
  }

  // Call once, at the end.
  std::vector<NatRule> take_rules() {
    return std::move(rules_).joined(
        [this](const PacketScope& packets) { return is_here(packets); });
  }

 private:
  enum class Outcome { fell_through, taken };
  static constexpr std::size_t kOfNat = 1, kOfBaseChain = 2;

  void give_up() {
    gave_up_ = true;
    out_.complete = false;
  }

  void enter(const BaseChain& base) {
    base_ = base;
    PacketScope everything;
    everything.family = base.table->family;
    everything.leaves_on = {{.name = origin_ == Origin::here ? "lo" : ""}};
    follow(*base.chain, everything);
    taken_.leave(kOfBaseChain);
  }

  Outcome follow(const PacketChain& chain, const PacketScope& scope) {
    if (path_.size() >= kDeepestChain) {
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

  struct Match {
    const PacketAlternative* alternative;
    PacketScope packets;
    bool all;  // of the chain's packets
  };

  Outcome follow_rules(const PacketChain& chain, const PacketScope& scope, std::size_t level) {
    for (const PacketRule& rule : chain.rules) {
      for (const Match& match : matches(rule, scope)) {
        if (rules_.listed() >= options_.most_rules) give_up();
        if (gave_up_) return Outcome::fell_through;
        if (taken_.has_all(match.packets)) continue;
        const std::size_t comments = comments_.size();
        for (const auto& comment : {&rule.comment, &match.alternative->comment}) {
          if (!comment->empty()) comments_.push_back(*comment);
        }
        const auto outcome = act(match, level);
        comments_.resize(comments);
        if (outcome) return *outcome;
      }
    }
    return Outcome::fell_through;
  }

  // The matches given the marks that packets have when they reach the rule.
  std::vector<Match> matches(const PacketRule& rule, const PacketScope& scope) {
    std::vector<Match> out;
    for (const PacketAlternative& alternative : rule.alternatives) {
      if (steps_++ >= options_.most_steps) give_up();
      if (gave_up_) return {};
      const auto packets = intersection(scope, alternative.scope);
      if (!packets || !is_for_us(*packets)) continue;
      if (packets->marks.empty()) {
        out.push_back({&alternative, *packets, covers(alternative.scope, scope)});
        continue;
      }
      const auto marked = marks_.matching(*packets, is_tracked() ? kStateNew : kStateInvalid);
      if (!marked) give_up();
      for (const PacketScope& one : marked.value_or(std::vector<PacketScope>{})) {
        out.push_back({&alternative, one, covers(one, scope)});
      }
    }
    return out;
  }

  // The outcome for the chain; unset: it continues with its next rule. If the match has all
  // packets of the chain, none is left for the next rule unless it returns from the action.
  std::optional<Outcome> act(const Match& match, std::size_t level) {
    using Kind = PacketAction::Kind;
    const PacketAction& action = match.alternative->action;
    const PacketScope& packets = match.packets;
    switch (action.kind) {
      case Kind::go_on: return std::nullopt;
      case Kind::set_mark: change_mark(action.mark, packets); return std::nullopt;
      case Kind::notrack: leave_untracked(packets); return std::nullopt;
      case Kind::leave:
        if (match.all) return Outcome::fell_through;
        take(packets, level);
        return std::nullopt;
      case Kind::jump:
      case Kind::go_to: return enter_chain(action, packets, match.all, level);
      case Kind::accept: take(packets, kOfBaseChain); break;
      case Kind::drop:
      case Kind::reject: drop(packets); break;
      case Kind::tproxy: assign_socket(action, packets); return std::nullopt;
      case Kind::dnat:
      case Kind::redirect:
        emit(action, packets);
        take(packets, TakenPackets::kForGood);
        break;
    }
    if (match.all) return Outcome::taken;
    return std::nullopt;
  }

  std::optional<Outcome> enter_chain(const PacketAction& action, const PacketScope& packets,
                                     bool all, std::size_t level) {
    const auto at = base_.chains->find(action.chain);
    if (at == base_.chains->end()) return std::nullopt;
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

  // The part of these packets that no earlier rule takes.
  std::vector<PacketScope> rest_of(const PacketScope& packets) {
    auto rest = taken_.rest_of(packets);
    if (!rest) give_up();
    return rest.value_or(std::vector{packets});
  }

  // Own packets have no interface, which every exclusion matches.
  PacketScope of_origin(PacketScope packets) const {
    if (origin_ != Origin::elsewhere) packets.arrives_on.clear();
    packets.leaves_on.clear();
    return packets;
  }

  void take(const PacketScope& packets, std::size_t level) {
    taken_.add(of_origin(packets), level);
  }

  void change_mark(const MarkChange& change, const PacketScope& packets) {
    if (!marks_matter_ || (change.needs_connection() && !is_tracked())) return;
    for (const PacketScope& part : rest_of(packets)) marks_.change(of_origin(part), change);
  }

  // Has no effect once the kernel tracks the connection.
  void leave_untracked(const PacketScope& packets) {
    if (is_tracked()) return;
    constexpr MarkChange kBecomesUntracked{.kind = MarkKind::state, .value = kStateUntracked};
    for (const PacketScope& part : rest_of(packets)) {
      untracked_.push_back(of_origin(part));
      marks_.change(untracked_.back(), kBecomesUntracked);
    }
  }

  bool is_tracked() const {
    return !comes_before_conntrack(*base_.chain) || origin_ == Origin::here_again;
  }

  bool is_for_us(const PacketScope& packets) const {
    const auto arrives_on = [&](std::string_view interface) {
      return matches_interface(packets.arrives_on, interface);
    };
    if (packets.elsewhere) return false;
    if (origin_ == Origin::here && !arrives_on("")) return false;
    if (origin_ == Origin::here_again && !arrives_on("lo")) return false;
    return is_here(packets);
  }

  // Whether some of their addresses are this machine's.
  bool is_here(const PacketScope& packets) const {
    if (!options_.local_addresses || !packets.destination) return true;
    const AddressSpan& span = *packets.destination;
    if (span.first.is_loopback() || span.last.is_loopback()) return true;
    const auto at = std::ranges::lower_bound(*options_.local_addresses, span.first);
    return at != options_.local_addresses->end() && span.contains(*at);
  }

  // A socket to which a rule assigned packets gets them unless a later rule assigns them to
  // another socket or drops them.
  struct Assigned {
    PacketScope packets;
    NatRule rule;
  };

  void assign_socket(const PacketAction& action, const PacketScope& packets) {
    for (const PacketScope& part : rest_of(packets)) {
      if (!is_for_us(part)) continue;
      if (part.certainty == Certainty::certain) take_from_sockets(part);
      assigned_.push_back({part, rule_of(action, packets, part)});
    }
  }

  void drop(const PacketScope& packets) {
    if (packets.certainty == Certainty::certain) {
      for (const PacketScope& part : rest_of(packets)) take_from_sockets(part);
    }
    take(packets, TakenPackets::kForGood);
  }

  void take_from_sockets(const PacketScope& packets) {
    std::vector<Assigned> kept;
    for (const Assigned& one : assigned_) {
      for (PacketScope& part : difference(one.packets, of_origin(packets))) {
        kept.push_back({part, one.rule});
        kept.back().rule.scope = std::move(part);
      }
    }
    assigned_ = std::move(kept);
  }

  void hand_to_sockets() {
    for (Assigned& one : std::exchange(assigned_, {})) {
      take(one.packets, TakenPackets::kForGood);
      const PacketScope whole = one.rule.scope;
      rules_.add(std::move(one.rule), whole, *base_.table);
    }
  }

  void emit(const PacketAction& action, const PacketScope& packets) {
    for (const PacketScope& part : rest_of(packets)) {
      if (!is_for_us(part)) continue;
      rules_.add(rule_of(action, packets, part), packets, *base_.table);
    }
  }

  NatRule rule_of(const PacketAction& action, const PacketScope& whole,
                  const PacketScope& part) const {
    NatRule rule{.source = base_.table->source,
                 .table = base_.table->name,
                 .of_inet = !base_.table->family,
                 .scope = part};
    rule.scope.leaves_on.clear();
    rule.prerouting = origin_ == Origin::elsewhere;
    rule.output = !rule.prerouting;
    if (action.kind == PacketAction::Kind::redirect) rule.effect = NatEffect::redirect;
    if (action.kind == PacketAction::Kind::tproxy) rule.effect = NatEffect::tproxy;
    rule.shadowed = part.arrives_on != whole.arrives_on;
    if (action.target) rule.targets.push_back(*action.target);
    rule.chains = path_;
    rule.comments = comments_;
    return rule;
  }

  const NatWalkOptions& options_;
  bool marks_matter_;
  NatWalk& out_;
  Origin origin_{};
  BaseChain base_;
  TakenPackets taken_;
  PacketMarks marks_;
  RuleCollector rules_;
  std::vector<PacketScope> untracked_;
  std::vector<Assigned> assigned_;
  std::vector<std::string> path_, comments_;
  std::size_t steps_{};
  bool gave_up_{};
};

bool asks_for_marks(const PacketChain& chain) {
  return std::ranges::any_of(chain.rules, [](const PacketRule& rule) {
    return std::ranges::any_of(rule.alternatives, [](const PacketAlternative& alternative) {
      return std::ranges::any_of(alternative.scope.marks, [](const MarkMatch& mark) {
        return mark.kind == MarkKind::packet || mark.kind == MarkKind::connection;
      });
    });
  });
}

}  // namespace

NatWalk walk_nat(std::span<const PacketTable* const> tables, const NatWalkOptions& options) {
  NatWalk walk;
  const bool marks_matter = std::ranges::any_of(tables, [](const PacketTable* table) {
    return std::ranges::any_of(table->chains, asks_for_marks);
  });
  const BaseChains bases(tables);
  const std::vector<BaseChain> arriving = bases.at(PacketHook::prerouting);
  NatWalker elsewhere(options, marks_matter, walk);
  elsewhere.pass(arriving, Origin::elsewhere);

  NatWalker here(options, marks_matter, walk);
  here.pass(bases.at(PacketHook::output), Origin::here);
  std::vector<BaseChain> again;
  std::ranges::copy_if(arriving, std::back_inserter(again),
                       [](const BaseChain& base) { return base.chain->type == ChainType::filter; });
  here.pass(again, Origin::here_again);
  walk.rules = merge_walks(elsewhere.take_rules(), here.take_rules());
  std::ranges::stable_partition(
      walk.rules, [](const NatRule& rule) { return rule.scope.family == AddressFamily::ipv4; });
  return walk;
}

NatWalk walk_nat(const std::vector<PacketTable>& tables, const NatWalkOptions& options) {
  std::vector<const PacketTable*> all;
  for (const PacketTable& table : tables) all.push_back(&table);
  return walk_nat(all, options);
}

}  // namespace hostnet
