#include "netlink/nat/meet_filters.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "netlink/nat/base_chains.h"
#include "netlink/nat/recognize.h"

namespace hostnet {
namespace {

constexpr std::size_t kMostSteps = 1'000'000;  // alternatives

// By chance: one of several rules that together take all packets.
enum class Match { no, maybe, by_chance, yes };

// The packet on its way.
struct Travelling {
  std::uint8_t ip_protocol{};
  std::uint16_t port{};
  IpAddress destination;
  std::string_view arrives_on;
  bool local{};           // the destination is on this machine
  bool leaves_unknown{};  // … else its outgoing interface is unknown here
  std::array<std::optional<std::uint32_t>, kMarkKinds> marks{0, 0, 0, 0};  // by MarkKind
};

bool has_mark(std::uint32_t mark, const MarkMatch& match) {
  return ((mark & match.mask) == match.value) != match.other;
}

Match match_marks(const std::vector<MarkMatch>& asked, const Travelling& packet) {
  Match all = Match::yes;
  for (const MarkMatch& match : asked) {
    const auto& mark = packet.marks.at(std::to_underlying(match.kind));
    if (!mark) {
      all = Match::maybe;
    } else if (!has_mark(*mark, match)) {
      return Match::no;
    }
  }
  return all;
}

bool is_within(const PacketScope& scope, const Travelling& packet) {
  return scope.family.value_or(packet.destination.family) == packet.destination.family &&
         scope.ip_protocol.value_or(packet.ip_protocol) == packet.ip_protocol &&
         scope.ports.contains(packet.port) &&
         (!scope.destination || scope.destination->contains(packet.destination)) &&
         matches_interface(scope.arrives_on, packet.arrives_on) &&
         (!scope.local_only || packet.local) && (!scope.elsewhere || !packet.local);
}

Match match_of(const PacketScope& scope, const Travelling& packet) {
  if (!is_within(scope, packet)) return Match::no;
  Match match = match_marks(scope.marks, packet);
  if (match == Match::no) return match;
  if (packet.leaves_unknown) {
    if (!scope.leaves_on.empty()) match = Match::maybe;
  } else if (!matches_interface(scope.leaves_on, "")) {
    return Match::no;
  }
  switch (scope.certainty) {
    case Certainty::certain: return match;
    case Certainty::random: return match == Match::yes ? Match::by_chance : match;
    case Certainty::conditional:
    case Certainty::unknown: break;
  }
  return Match::maybe;
}

// The possible outcomes for a packet in a chain.
struct Outcome {
  bool returns{};  // it may reach the end of the chain, or return
  bool passes{};   // it may leave the base chain
};

class FilterWalker {
 public:
  explicit FilterWalker(Travelling packet) : packet_(packet) {}

  // Whether the packet may get through all of them.
  bool passes(std::span<const BaseChain> bases) {
    return std::ranges::all_of(bases, [this](const BaseChain& base) { return passes(base); });
  }

  Travelling& packet() { return packet_; }
  bool translated() const { return translated_; }
  // The last rule or policy that ended it.
  const std::optional<NatRule>& ended_by() const { return ended_by_; }
  bool gave_up() const { return gave_up_; }

 private:
  bool passes(const BaseChain& base) {
    const auto family = packet_.destination.family;
    if (base.table->family.value_or(family) != family) return true;
    base_ = base;
    packet_.marks.at(std::to_underlying(MarkKind::state)) =
        comes_before_conntrack(*base.chain) ? kStateInvalid : kStateNew;
    const Outcome outcome = follow(*base.chain);
    if (outcome.passes || translated_ || gave_up_) return true;
    if (!outcome.returns) return false;
    if (!base.chain->drops) return true;
    end_by_policy();
    return false;
  }

  Outcome follow(const PacketChain& chain) {
    Outcome outcome;
    if (path_.size() >= kDeepestChain) {
      gave_up_ = true;
      return {.returns = true, .passes = true};
    }
    path_.push_back(chain.name);
    const bool ended = std::ranges::any_of(
        chain.rules, [&](const PacketRule& rule) { return apply(rule, outcome); });
    path_.pop_back();
    if (!ended) outcome.returns = true;
    return outcome;
  }

  // Whether no packet continues to the next rule.
  bool apply(const PacketRule& rule, Outcome& outcome) {
    for (const PacketAlternative& alternative : rule.alternatives) {
      if (++steps_ > kMostSteps) gave_up_ = true;
      if (gave_up_) return true;
      const Match match = match_of(alternative.scope, packet_);
      if (match == Match::no) continue;
      const unsigned maybe = match == Match::maybe ? 1 : 0;
      maybes_ += maybe;
      const bool ended = act(rule, alternative, match == Match::yes, outcome);
      maybes_ -= maybe;
      if (ended && match == Match::yes) return true;
    }
    return false;
  }

  // Whether the action ends the chain for the packets that match.
  bool act(const PacketRule& rule, const PacketAlternative& alternative, bool certain,
           Outcome& outcome) {
    using Kind = PacketAction::Kind;
    const bool stays =
        alternative.action.kind == Kind::go_on || alternative.action.kind == Kind::set_mark ||
        alternative.action.kind == Kind::drop || alternative.action.kind == Kind::reject;
    divided_ = divided_ || (!certain && !stays);
    switch (alternative.action.kind) {
      case Kind::go_on: return false;
      case Kind::set_mark: change_mark(alternative.action.mark, certain); return false;
      case Kind::notrack:  // then no rule can rely on the state
      case Kind::tproxy:
      case Kind::accept: outcome.passes = true; return true;
      case Kind::leave: outcome.returns = true; return true;
      case Kind::jump:
      case Kind::go_to: return enter(rule, alternative, outcome);
      case Kind::dnat:
      case Kind::redirect: translated_ = translated_ || maybes_ == 0; return certain;
      case Kind::drop:
      case Kind::reject: end_by(rule, alternative); return true;
    }
    return false;
  }

  bool enter(const PacketRule& rule, const PacketAlternative& alternative, Outcome& outcome) {
    const auto at = base_.chains->find(alternative.action.chain);
    if (at == base_.chains->end()) return false;
    const std::size_t comments = comments_.size();
    add_comments(rule, alternative);
    const Outcome inside = follow(*at->second);
    comments_.resize(comments);
    outcome.passes = outcome.passes || inside.passes;
    if (!inside.returns) return true;
    if (alternative.action.kind == PacketAction::Kind::jump) return false;
    outcome.returns = true;
    return true;
  }

  void change_mark(const MarkChange& change, bool certain) {
    const bool tracked = packet_.marks.at(std::to_underlying(MarkKind::state)) == kStateNew;
    if (change.needs_connection() && !tracked) return;
    auto& mark = packet_.marks.at(std::to_underlying(change.kind));
    const auto& other = packet_.marks.at(std::to_underlying(change.other_kind()));
    const bool known =
        certain && !divided_ && (mark || change.keep == 0) && (other || change.take == 0);
    if (!known) {
      mark.reset();
      return;
    }
    mark = (mark.value_or(0) & change.keep) ^ (other.value_or(0) & change.take) ^ change.value;
  }

  void add_comments(const PacketRule& rule, const PacketAlternative& alternative) {
    for (const auto& comment : {&rule.comment, &alternative.comment}) {
      if (!comment->empty()) comments_.push_back(*comment);
    }
  }

  NatRule rule_here() const {
    return {.source = base_.table->source,
            .table = base_.table->name,
            .of_inet = !base_.table->family,
            .chains = path_,
            .comments = comments_};
  }

  void end_by(const PacketRule& rule, const PacketAlternative& alternative) {
    const std::size_t comments = comments_.size();
    add_comments(rule, alternative);
    NatRule by = rule_here();
    comments_.resize(comments);
    by.scope = alternative.scope;
    by.scope.leaves_on.clear();
    by.effect =
        alternative.action.kind == PacketAction::Kind::drop ? NatEffect::drop : NatEffect::reject;
    finish(std::move(by));
    ended_by_->text = words_of_rule(*ended_by_);
  }

  void end_by_policy() {
    path_.push_back(base_.chain->name);
    NatRule by = rule_here();
    path_.pop_back();
    by.effect = NatEffect::drop;
    finish(std::move(by));
    ended_by_->text = words_of_policy(*ended_by_);
    // The owner of the policy: the one whose chains the base chain jumps to.
    for (const PacketRule& rule : base_.chain->rules) {
      for (const PacketAlternative& alternative : rule.alternatives) {
        if (ended_by_->owner != RuleOwner::other || alternative.action.chain.empty()) continue;
        NatRule jump = *ended_by_;
        jump.chains.push_back(alternative.action.chain);
        recognize_owner(jump);
        const bool firewall = jump.owner == RuleOwner::ufw || jump.owner == RuleOwner::firewalld;
        if (firewall) ended_by_->owner = jump.owner;
      }
    }
  }

  void finish(NatRule by) {
    by.scope.family = packet_.destination.family;
    by.prerouting = true;
    recognize_owner(by);
    ended_by_ = std::move(by);
  }

  Travelling packet_;
  BaseChain base_;
  std::vector<std::string> path_, comments_;
  std::optional<NatRule> ended_by_;
  std::size_t steps_{};
  unsigned maybes_{};  // conditional matches on the way to this rule, itself included
  bool divided_{};     // some packets took another path: marks may differ
  bool translated_{}, gave_up_{};
};

std::vector<BaseChain> without_nat(std::vector<BaseChain> bases) {
  std::erase_if(bases, [](const BaseChain& base) { return base.chain->type == ChainType::nat; });
  return bases;
}

}  // namespace

std::optional<NatRule> meet_filters(const BaseChains& bases, const ArrivingPacket& packet) {
  FilterWalker walker({.ip_protocol = packet.ip_protocol,
                       .port = packet.port,
                       .destination = packet.destination,
                       .arrives_on = packet.interface,
                       .local = true});
  auto before = bases.at(PacketHook::prerouting);
  if (packet.pod) before = without_nat(std::move(before));
  if (!walker.passes(before)) return walker.ended_by();
  if (walker.translated() || walker.gave_up()) return std::nullopt;
  if (packet.pod) {
    Travelling& on = walker.packet();
    on.destination = *packet.pod;
    on.port = packet.pod_port;
    on.local = false;
    on.leaves_unknown = true;
    on.marks.at(std::to_underlying(MarkKind::status)) = kStatusDnat;
    // Rules of the hook that translated it may have set its mark.
    on.marks.at(std::to_underlying(MarkKind::packet)).reset();
  }
  const auto after = without_nat(bases.at(packet.pod ? PacketHook::forward : PacketHook::input));
  if (walker.passes(after)) return std::nullopt;
  return walker.ended_by();
}

}  // namespace hostnet
