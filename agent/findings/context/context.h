#pragma once

// What rules read: one moment, indexed.

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

// Keeps references: the arguments outlive it.
struct FindingContext {
  FindingContext(const PortSnapshot& table_in, const PodSnapshot& pods_in, const Policy& policy_in,
                 WallTime now_in);

  const PortSnapshot& table;
  const PodSnapshot& pods;
  const Policy& policy;
  WallTime now;
  std::vector<Declaration> declarations;
  std::map<PortKey, std::vector<const Declaration*>> declared;  // not the rejected ones
  std::map<PortKey, Holders> holders;                           // of declared ports only
  std::map<PortKey, Holders> rules;                             // NAT, in the kernel's order

  std::vector<WayIn> ways_in;  // of packets from other machines, where filters are known

  const Holders& holders_of(const DeclaredPort& port) const;
  const Holders& rules_on(const DeclaredPort& port) const;
  // Those that declare a port as hostPort.
  std::vector<const Declaration*> host_ports_on(const PortKey& key) const;
  // The pod a holder is in; nullptr when it is in none or nobody knows that pod.
  const Pod* pod_of(const Holder& holder) const;
};

// Whose a holder is, as one declaration sees it.
enum class Relation {
  own,      // the declaring pod's or the agent's own: never counts
  foreign,  // somebody else's
  unsure,   // perhaps the declaring pod's: counts neither for nor against
};
Relation relation_of(const Holder& holder, const Declaration& declaration,
                     const FindingContext& context);

// The declaring pod listens there itself (yes), or somebody does who may be it.
enum class ListenState { no, perhaps, yes };
ListenState listen_state(const Declaration& declaration, const FindingContext& context);

// A finding about one declaration: everything but its texts. What is critical is a warning
// once the container was ready for five minutes: whatever it needs works.
Finding finding_about(Verdict verdict, const Declaration& declaration,
                      const FindingContext& context);

// Appends them to held_by, in this order, each NAT rule once.
void add_holders(Finding& finding, const Holders& holders);

}  // namespace hostnet
