#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/ports/nat/nat_reading.h"
#include "agent/ports/nat_rules.h"
#include "agent/ports/port_snapshot.h"
#include "netlink/nat/xtables/ip_tables.h"
#include "netlink/node/node.h"

namespace hostnet {

// Reads the NAT rules and packet filters that take packets to ports of this node without a socket,
// and only again when they may have changed.
//
// nf_tables: one short query per scan shows whether anything changed (it costs 20 µs; change
// notifications would cost the kernel and us a message for every rule that kube-proxy rewrites). If
// so, they are read, at most every 5 s. Legacy iptables report no changes: their bytes are read
// every 10 s and decoded if they differ in more than packet counters. After each read, both rest
// for a hundred times the CPU time that reading and processing took. IPVS, and ipsets used by
// rules, report no changes either: they are read every 10 s. A new NatScan does not wait: it
// queries all of these at once and reuses from `memory` only what is still valid. Not thread safe:
// owned by the PortScanner.
class NatScan {
 public:
  // `memory`: the results of this node's other scanners; null: there are none.
  explicit NatScan(const Node& node, std::shared_ptr<NatMemory> memory = nullptr)
      : node_(node), memory_(std::move(memory)) {}

  // Fills in the table's NAT data for a node with these links and addresses.
  void scan(SteadyTime now, std::span<const Link> links, std::span<const Address> addresses,
            PortSnapshot& table);

  static constexpr std::chrono::seconds kNfTablesPause{5}, kIpTablesPause{10}, kIpSetsPause{10},
      kIpvsPause{10}, kAbsentPause{60}, kContainersPause{30}, kLocalnetPause{30};
  static constexpr int kRest = 100;  // times the CPU time of a read

 private:
  bool adopt_newest();
  bool read_nf_tables_again(SteadyTime now, std::span<const Link> links);
  bool read_ip_tables_again(SteadyTime now);
  FilterReading decode(std::span<const IpTable> tables);
  bool read_ipvs_again(SteadyTime now, std::span<const Link> links);
  bool addresses_changed(std::span<const Link> links, std::span<const Address> addresses);
  void walk();
  void tell(const FilterReading& source, bool narrowed_by_unknown);
  void tell(const IpvsReading& ipvs);
  void tell(const Error& error);
  void read_containers(SteadyTime now, bool rules_changed);
  void read_route_localnet(SteadyTime now, bool rules_changed, std::span<const Link> links);
  bool forwards_by_ebpf(SteadyTime now, std::span<const Link> links);
  // Whether it differs from the existing value.
  template <class T>
  bool replace(T& known, T fresh);
  SteadyTime rested(SteadyTime now, std::chrono::nanoseconds cpu_at_begin) const;

  Node node_;
  std::shared_ptr<NatMemory> memory_;
  NatReading reading_;
  std::shared_ptr<const NatReading> shared_;  // the reading in the memory that `reading_` equals
  bool read_{};                               // this scan has read something again
  SteadyTime next_nf_tables_, next_ip_tables_, next_ip_sets_, next_ipvs_;  // earliest times
  std::shared_ptr<const PodsByContainer> containers_;
  std::shared_ptr<const RuntimesByContainer> other_containers_;
  std::optional<std::vector<std::string>> route_localnet_;
  SteadyTime next_containers_, next_bpf_, next_localnet_;
  bool cilium_maps_{};
};

}  // namespace hostnet
