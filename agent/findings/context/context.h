#pragma once

// The input of the rules: a snapshot of one moment, indexed.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/context/declaration.h"
#include "agent/findings/context/finding.h"
#include "agent/findings/context/outside.h"
#include "agent/ports/port_snapshot.h"

namespace hostnet {

using PortKey = std::pair<Protocol, std::uint16_t>;
using Holders = std::vector<const Holder*>;

// Keeps references: the arguments must outlive it.
struct FindingContext {
  FindingContext(const PortSnapshot& table_in, const PodSnapshot& pods_in, const Policy& policy_in,
                 WallTime now_in);

  const PortSnapshot& table;
  const PodSnapshot& pods;
  const Policy& policy;
  WallTime now;
  std::vector<Declaration> declarations;
  std::size_t listed_declarers{};  // if each declaration lists all of its port
  std::map<PortKey, std::vector<const Declaration*>> declared;  // without the rejected ones
  std::map<PortKey, Holders> holders;                           // of declared ports only
  std::map<PortKey, Holders> rules;                             // NAT rules, in the kernel's order

  std::vector<WayIn> ways_in;  // of packets from other machines; empty if the filters are unknown

  const Holders& holders_of(const DeclaredPort& port) const;
  const Holders& rules_on(const DeclaredPort& port) const;
  // The declarations of this port as hostPort.
  std::vector<const Declaration*> host_ports_on(const PortKey& key) const;
  // The pod that a holder runs in; nullptr: it runs in none, or the pod is unknown.
  const Pod* pod_of(const Holder& holder) const;
};

// Who owns a holder, from one declaration's point of view.
enum class Relation {
  own,      // the declaring pod or the agent itself: never counts
  foreign,  // somebody else
  unsure,   // possibly the declaring pod: counts neither for nor against
};
Relation relation_of(const Holder& holder, const Declaration& declaration,
                     const FindingContext& context);

// Whether the declaring pod listens there: perhaps if the owner of a listener may be that pod.
enum class ListenState { no, perhaps, yes };
ListenState listen_state(const Declaration& declaration, const FindingContext& context);

// A finding about one declaration, without its texts. Critical findings become warnings once the
// container has been ready for five minutes: evidently it works.
Finding finding_about(Verdict verdict, const Declaration& declaration,
                      const FindingContext& context);

// How many declarations a finding may list: each of n declarations of one port has a finding about
// all n of them. As many as there are, unless those are more than 3,000 in all findings together.
std::size_t most_declarers(const FindingContext& context);

// Appends the holders to held_by in this order, each NAT rule once.
void add_holders(Finding& finding, const Holders& holders);

}  // namespace hostnet
