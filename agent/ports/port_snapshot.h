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
  bool ebpf_forwarding{};  // Cilium may forward ports where nobody sees it
  // Protocols of which some sockets could not be listed: that nobody is seen on a port says
  // nothing.
  std::set<Protocol> unread;
  // Ports with more connections than were kept, sorted: none of the others is a holder here.
  std::vector<std::pair<Protocol, std::uint16_t>> partly_shown;
  std::vector<Problem> problems;
  std::vector<Problem> limits;
  bool operator==(const Coverage&) const = default;
};

// Who holds each port of the node at one moment: what the kernel has, before
// anybody judges it. Immutable once built.
struct PortSnapshot {
  std::vector<Holder> holders;  // sockets by protocol, port, address, cookie; then NAT rules
  std::vector<FoldedSockets> folded;
  Coverage coverage;
  PortRanges ranges;
  // The ports that some socket listened on in the last 120 s, sorted; unset:
  // nobody kept count. Without it TIME_WAIT is no finding.
  std::optional<std::vector<std::pair<Protocol, std::uint16_t>>> recent_listeners;
  std::vector<Link> links;
  std::vector<Address> addresses;
  // Rules for this node's ports; unset: they may not be read (NET_ADMIN). Only
  // those for ports that are listened on, declared or asked for are holders, too.
  std::shared_ptr<const NatRules> nat;
  std::shared_ptr<const PortFilters> filters;  // of what arrives; unset: as `nat`
  // Interfaces of which IPv4 packets to 127.0.0.0/8 are let in (sysctl route_localnet). Unset:
  // no rule leads there, or it is not known.
  std::optional<std::vector<std::string>> route_localnet;
  // Unset: no rule names a sandbox or a pod, or the cgroups cannot be read.
  std::shared_ptr<const PodsByContainer> pods_by_container;
  // Containers outside Kubernetes, their runtimes by their ids; unset: no rule wants them.
  std::shared_ptr<const RuntimesByContainer> other_containers;
  // What bind() refused to pods and is not settled yet; unset: nothing, or nobody hears of that.
  std::shared_ptr<const std::vector<Refusal>> refusals;
  std::shared_ptr<const PodIndex> pods;  // that named the holders; unset: nobody did

  // The runtime of the container below no pod whose sandbox a rule names, "" the CRI's; nullptr:
  // no container has it.
  const std::string* runtime_of_sandbox(const NatRule& rule) const;
};

// The container's id in a sandbox's: nerdctl's is "<namespace>-<id>".
std::string_view container_of_sandbox(std::string_view sandbox);

// A rule of the snapshot as the holder of one of its ports, named.
Holder holder_of_rule(const PortSnapshot& table, const NatRule& rule, Protocol protocol,
                      std::uint16_t port);

}  // namespace hostnet
