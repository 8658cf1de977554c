#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/ports/nat/nat_scan.h"
#include "agent/ports/owners/attribution.h"
#include "agent/ports/port_snapshot.h"
#include "agent/ports/scan/full_state_scan.h"
#include "agent/ports/scan/option_probe.h"
#include "agent/ports/scan/recent_listeners.h"
#include "netlink/node/node.h"

namespace hostnet {

struct ScanOptions {
  std::vector<std::string> node_components;  // Policy::node_components
  // Interfaces or addresses may have changed since the last scan (rtnetlink reported it, or is not
  // monitored): read them again.
  bool network_changed = true;
  // Ports of which all sockets in all states are needed, including connections and TIME_WAIT
  // (sorted). The kernel walks its whole table for them (25 ms at 100,000 sockets).
  std::vector<std::uint16_t> deep_ports;
  // Only sockets on those ports: an answer about one port needs no others.
  bool only_deep_ports{};
  // Scan for them only as often as is cheap (FullStateScan); otherwise use the last result.
  bool deep_paced{};
  // Also SCTP endpoints, if the kernel has SCTP.
  bool sctp{};
  // Ports whose owners are needed at once, sorted: Attribution::Options.
  std::vector<std::uint16_t> urgent_ports;
  bool memory{};  // also Socket::drops
  // If false, owners are derived from cgroups only, and the snapshot says so: for answers before
  // every process has been inspected.
  bool search_processes = true;
  // The pods that name the holders. Not null.
  std::shared_ptr<const PodIndex> pods = std::make_shared<const PodIndex>();
  // bind() refusals to include in the snapshot; null: the agent is not notified of them.
  std::shared_ptr<const std::vector<Refusal>> refusals;
};

// Builds the snapshot, one scan after another: TCP listeners and unconnected UDP sockets of both
// families, all sockets on some ports, their owners and sharing options, the port ranges, links and
// addresses. Anything unavailable is a problem in its coverage and the rest is still there; a scan
// never fails. A scan without changes returns the previous snapshot; nothing is rebuilt. Not thread
// safe: owned by the watch (a one-shot command has its own).
class PortScanner {
 public:
  // `nat`: see NatScan.
  explicit PortScanner(const Node& node, std::shared_ptr<NatMemory> nat = nullptr);

  // Never null.
  std::shared_ptr<const PortSnapshot> scan(const ScanOptions& options, SteadyTime now);

  const Attribution::Work& work() const { return attribution_.work(); }

 private:
  // Everything that a scan reads, before it is known whether any of it is new.
  struct Reading {
    PortSnapshot snapshot;     // without its holders, links and addresses
    bool same_sockets{};       // as in the last scan
    bool same_network{};       // links and addresses too
    bool scanned_fully{};      // the ports of which all sockets are needed
    std::uint64_t revision{};  // Attribution's
  };
  void read_servers(const ScanOptions& options, Coverage& coverage);
  void read_sockets(const ScanOptions& options, SteadyTime now, Reading& reading);
  void find_owners(const ScanOptions& options, SteadyTime now, Reading& reading);
  bool is_as_before(const ScanOptions& options, const Reading& reading) const;
  void ask_options(const ScanOptions& options, bool scanned_fully, SteadyTime now,
                   Coverage& coverage);
  void read_network(const ScanOptions& options, Reading& reading);
  void build(const ScanOptions& options, SteadyTime now, Reading& reading);
  void add_holders(const ScanOptions& options, PortSnapshot& table);
  void add_rules(const ScanOptions& options, PortSnapshot& table) const;

  Node node_;
  Attribution attribution_;
  FullStateScan full_state_scan_;
  NatScan nat_scan_;
  OptionProbe options_;
  RecentListeners listeners_;
  std::vector<Socket> dumped_;   // by the last scan, in the kernel's order
  std::vector<Socket> sockets_;  // the same by protocol and port, while holders are built
  // Their sharing options by cookie; only of sockets that were queried.
  std::unordered_map<std::uint64_t, Sharing> sharing_;
  std::vector<Link> links_;
  std::vector<Address> addresses_;
  bool network_known_{};
  // The result of the last scan, and its input besides `dumped_`.
  std::shared_ptr<const PortSnapshot> last_;
  ScanOptions last_options_;
  std::uint64_t last_revision_{};
};

// Whether the kernel reports TCP sockets that are bound but do not listen (Linux 6.8), by uname's
// release: "6.1.0-18-amd64". Unknown: false. For nodes where this could not be tested
// (Identity::shows_bound_inactive).
bool shows_bound_inactive(std::string_view release);

}  // namespace hostnet
