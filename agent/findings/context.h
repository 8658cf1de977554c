#pragma once

// What the rules of find_findings() share. Internal to agent/findings/.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/finding.h"
#include "agent/findings/overlap.h"
#include "agent/pods/pod.h"
#include "agent/ports/port_snapshot.h"

namespace hostnet {

// A declared port and the pod it is of.
struct Declaration {
  DeclaredPort port;
  const Pod* pod{};
  bool rejected{};  // kubelet refused the pod (NodePorts): only evidence for duplicates
};

using PortKey = std::pair<Protocol, std::uint16_t>;

// The declared ports of every pod that counts, in a stable order, each once:
// * a template (no UID) whose workload has a live pod here is left to that pod;
// * pods refused by kubelet in the last 10 minutes are there as `rejected`, of
//   each workload only the last one (a controller makes them by the hundred).
std::vector<Declaration> collect_declarations(const PodSnapshot& pods, WallTime now);

// One moment, indexed for the rules. Keeps references: the arguments outlive it.
struct FindingContext {
  FindingContext(const PortSnapshot& table_in, const PodSnapshot& pods_in, const Policy& policy_in,
                 WallTime now_in);

  const PortSnapshot& table;
  const PodSnapshot& pods;
  const Policy& policy;
  WallTime now;
  std::vector<Declaration> declarations;
  std::map<PortKey, std::vector<const Declaration*>> declared;  // not the rejected ones
  std::map<PortKey, std::vector<const Holder*>> holders;        // of declared ports only
  std::map<PortKey, std::vector<const Holder*>> rules;          // NAT, in the kernel's order

  const std::vector<const Holder*>& holders_of(const DeclaredPort& port) const;
  const std::vector<const Holder*>& rules_on(const DeclaredPort& port) const;
  // A rule of the table as the holder of one of its ports, its pod named.
  Holder holder_of(const NatRule& rule, Protocol protocol, std::uint16_t port) const;
  // The pod a holder is in, by UID; nullptr when the snapshot does not know it.
  const Pod* pod_of(const Holder& holder) const;

 private:
  std::map<std::string, const Pod*, std::less<>> pods_by_uid_;
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

// The holders that stand in the way of this declaration: foreign and
// overlapping, by port use, kind, address, process.
std::vector<const Holder*> holders_in_the_way(const Declaration& declaration,
                                              const FindingContext& context);

// Whether a rule on a hostPort's port may be the one that serves it: it names the pod's
// sandbox (a pod may have addresses that its status does not tell), leads to the pod's
// address, or, where no address tells, is not another's.
bool may_serve(const Holder& rule, const Declaration& declaration);

// What is known of the NAT rules of a hostPort.
enum class Forwarding {
  by_rules,  // there are some that may serve it and get what arrives from outside
  missing,   // there is none, although this node forwards ports by such rules
  not_seen,  // they may not be read, or (eBPF, an owner that is not known) cannot
};
Forwarding forwarding_of(const Declaration& declaration, const FindingContext& context);

// The listeners and bound UDP sockets of others whose traffic a hostPort takes:
// by its rules where they are seen, else by the addresses of both.
std::vector<const Holder*> hijacked_listeners(const Declaration& declaration,
                                              const FindingContext& context);
bool would_be_taken(const Holder& listener, const Declaration& declaration,
                    const FindingContext& context);
// Sockets that kubelet and container runtimes open on a hostPort themselves. `rules`:
// those of the hostPort, none where they are not seen.
bool implements_host_ports(const Holder& holder, const std::vector<const Holder*>& rules);

// The servers of others that share the port of a declaration whose pod listens.
std::vector<const Holder*> holders_that_share(const Declaration& declaration,
                                              const FindingContext& context);

// The order of `held_by`: by port use, kind, address, process.
void order_holders(std::vector<const Holder*>& holders);

// The other declarations that the scheduler would not put beside this one.
std::vector<const Declaration*> duplicates_of(const Declaration& declaration,
                                              const FindingContext& context);

// critical, or warning once the container was ready for five minutes.
Severity severity_of_a_bind_conflict(const DeclaredPort& port, const FindingContext& context);
// Ready, without a restart, for at least `duration`.
bool ready_for(const DeclaredPort& port, WallTime now, std::chrono::seconds duration);
// Still inside its grace period. deletionTimestamp already contains the grace;
// kubelet's own clean-up is allowed as much again, at most 30 s.
bool terminating_in_grace(const Pod& pod, WallTime now);

// A finding about one declaration: everything but its texts.
Finding finding_about(Verdict verdict, Severity severity, const Declaration& declaration);
std::string finding_id(Verdict verdict, std::optional<Protocol> protocol,
                       std::optional<std::uint16_t> port, std::string_view host_ip,
                       std::string_view pod, std::string_view container);

// Of one declaration; each appends what holds.
void find_hijack(const Declaration& declaration, const FindingContext& context,
                 std::vector<Finding>& found);
void find_unprogrammed(const Declaration& declaration, const FindingContext& context,
                       std::vector<Finding>& found);

// The groups of rules; each appends what holds. What is undeclared comes after
// the declarations.
void find_conflicts(const FindingContext& context, std::vector<Finding>& found);
void find_undeclared_hijacks(const FindingContext& context, std::vector<Finding>& found);
void find_rules_of_host_ports(const FindingContext& context, std::vector<Finding>& found);
void find_declaration_risks(const FindingContext& context, std::vector<Finding>& found);
void find_undeclared_listeners(const FindingContext& context, std::vector<Finding>& found);
void find_node_risks(const FindingContext& context, std::vector<Finding>& found);

}  // namespace hostnet
