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
  // Interfaces or addresses may have changed since the last scan (rtnetlink
  // said so, or nobody listens to rtnetlink): they are read again.
  bool network_changed = true;
  // Ports of which every socket in every state is wanted, connections and
  // TIME_WAIT included (sorted). The kernel walks its whole table for them
  // (25 ms at 100,000 sockets).
  std::vector<std::uint16_t> deep_ports;
  // Sockets of no other ports: an answer about a port does not need the crowd.
  bool only_deep_ports{};
  // Scan for them only as often as that is cheap (FullStateScan), and else show what
  // was seen last.
  bool deep_paced{};
  // SCTP endpoints too, where the kernel has SCTP.
  bool sctp{};
  // Ports whose owners are wanted at once, sorted: Attribution::Options.
  std::vector<std::uint16_t> urgent_ports;
  bool memory{};  // also Socket::drops
  // Else who holds what is only what cgroups tell, and the snapshot says that: for an answer
  // before every process was inspected.
  bool search_processes = true;
  // The pods that name the holders. Not null.
  std::shared_ptr<const PodIndex> pods = std::make_shared<const PodIndex>();
  // What bind() refused, for the snapshot to show beside it; null: nobody hears of that.
  std::shared_ptr<const std::vector<Refusal>> refusals;
};

// Builds the snapshot, one scan after another: TCP listeners and unconnected
// UDP sockets of both families, for some ports every socket, who has them and
// what they let others bind, the ranges, links and addresses.
// What cannot be had is a problem in its coverage and the rest is there; a scan
// never fails. A scan that found nothing new gives the snapshot of the last one: nothing is
// built again. Not thread safe: owned by the watch (a one-shot command has its own).
class PortScanner {
 public:
  // `nat`: NatScan's.
  explicit PortScanner(const Node& node, std::shared_ptr<NatMemory> nat = nullptr);

  // Never null.
  std::shared_ptr<const PortSnapshot> scan(const ScanOptions& options, SteadyTime now);

  const Attribution::Work& work() const { return attribution_.work(); }

 private:
  // What everything is read into, before it is known whether any of it is new.
  struct Reading {
    PortSnapshot snapshot;     // but its holders, links and addresses
    bool same_sockets{};       // as in the last scan
    bool same_network{};       // links and addresses too
    bool scanned_fully{};      // the ports whose every socket is wanted
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
  std::vector<Socket> dumped_;   // by the last scan, as they came
  std::vector<Socket> sockets_;  // those, by protocol and port, while holders are made of them
  // What those let others bind, by cookie; only those that were asked.
  std::unordered_map<std::uint64_t, Sharing> sharing_;
  std::vector<Link> links_;
  std::vector<Address> addresses_;
  bool network_known_{};
  // What the last scan gave, and what it was made of beside `dumped_`.
  std::shared_ptr<const PortSnapshot> last_;
  ScanOptions last_options_;
  std::uint64_t last_revision_{};
};

// Whether the kernel tells of TCP sockets that are bound and do not listen
// (Linux 6.8), by uname's release: "6.1.0-18-amd64". Unknown: false. For nodes
// that could not try it (Identity::shows_bound_inactive).
bool shows_bound_inactive(std::string_view release);

}  // namespace hostnet
