#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/ports/folded_sockets.h"
#include "agent/ports/holder.h"
#include "agent/ports/nat_rules.h"
#include "agent/ports/pod_index.h"
#include "agent/ports/port_filters.h"
#include "agent/ports/port_ranges.h"
#include "agent/ports/refusal.h"
#include "agent/verdicts/problem.h"
#include "netlink/facts.h"

namespace hostnet {

// What a snapshot does not show, and why.
struct Coverage {
  bool every_owner{};      // every process could be inspected, and none is hidden
  bool sctp{};             // the kernel answers sock_diag for SCTP
  bool ebpf_forwarding{};  // Cilium may forward ports invisibly
  // Protocols with sockets that could not be listed: a port without a visible holder may still be
  // in use.
  std::set<Protocol> unread;
  // Ports with more connections than were kept, sorted: the others are not among the holders.
  std::vector<std::pair<Protocol, std::uint16_t>> partly_shown;
  std::vector<Problem> problems;
  std::vector<Problem> limits;
  bool operator==(const Coverage&) const = default;
};

// The holders of each port of the node at one moment: raw kernel state, before any verdict.
// Immutable once built.
struct PortSnapshot {
  std::vector<Holder> holders;  // sockets by protocol, port, address, cookie; then NAT rules
  std::vector<FoldedSockets> folded;
  Coverage coverage;
  PortRanges ranges;
  // The ports that some socket listened on in the last 120 s, sorted; unset: not tracked. Without
  // it TIME_WAIT is no finding.
  std::optional<std::vector<std::pair<Protocol, std::uint16_t>>> recent_listeners;
  std::vector<Link> links;
  std::vector<Address> addresses;
  // Rules for this node's ports; unset: not readable (NET_ADMIN). Only those for ports that are
  // listened on, declared or requested are also holders.
  std::shared_ptr<const NatRules> nat;
  std::shared_ptr<const PortFilters> filters;  // for incoming packets; unset: as `nat`
  // Interfaces on which IPv4 packets to 127.0.0.0/8 are accepted (sysctl route_localnet). Unset: no
  // rule leads there, or it is not known.
  std::optional<std::vector<std::string>> route_localnet;
  // Unset: no rule names a sandbox or a pod, or the cgroups are unreadable.
  std::shared_ptr<const PodsByContainer> pods_by_container;
  // Containers outside Kubernetes, id to runtime; unset: no rule needs them.
  std::shared_ptr<const RuntimesByContainer> other_containers;
  // Pending bind() refusals of pods; unset: none, or the agent is not notified of them.
  std::shared_ptr<const std::vector<Refusal>> refusals;
  std::shared_ptr<const PodIndex> pods;  // that named the holders; unset: none

  // The runtime of a container outside any pod whose sandbox a rule names, "" for the CRI's;
  // nullptr: there is no such container.
  const std::string* runtime_of_sandbox(const NatRule& rule) const;
};

// The container id within a sandbox id: nerdctl's is "<namespace>-<id>".
std::string_view container_of_sandbox(std::string_view sandbox);

// A rule of the snapshot as a named holder of one of its ports.
Holder holder_of_rule(const PortSnapshot& table, const NatRule& rule, Protocol protocol,
                      std::uint16_t port);

}  // namespace hostnet
