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

// What takes packets to ports of this node without a socket: NAT rules, and packet filters, read
// again only when they may have changed.
//
// nf_tables: one short question per scan says whether anything changed (asking
// costs 20 µs; to be told of every change would cost the kernel and us a message
// for every rule that kube-proxy writes anew). Then they are read, no sooner than
// 5 s after the last time. Legacy iptables tell nothing of changes: their bytes are read
// every 10 s, and decoded where they differ in more than how often rules matched. Neither is read
// sooner than a hundred times as long after the last read as that, and what was made of it, took of
// CPU time. IPVS, and the ipsets that rules name, tell nothing of changes either: every 10 s.
// A new NatScan waits for nothing: it asks all of these at once, and takes from `memory` only what
// they confirm. Not thread safe: owned by the PortScanner.
class NatScan {
 public:
  // `memory`: what this node's scanners read and walked; null: this one is alone.
  explicit NatScan(const Node& node, std::shared_ptr<NatMemory> memory = nullptr)
      : node_(node), memory_(std::move(memory)) {}

  // Fills what the table says of NAT on a node with these links and addresses.
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
  // Whether it is another than before.
  template <class T>
  bool replace(T& known, T fresh);
  SteadyTime rested(SteadyTime now, std::chrono::nanoseconds cpu_at_begin) const;

  Node node_;
  std::shared_ptr<NatMemory> memory_;
  NatReading reading_;
  std::shared_ptr<const NatReading> shared_;  // the one in the memory that `reading_` is
  bool read_{};                               // this scan read something again
  SteadyTime next_nf_tables_, next_ip_tables_, next_ip_sets_, next_ipvs_;  // no sooner
  std::shared_ptr<const PodsByContainer> containers_;
  std::shared_ptr<const RuntimesByContainer> other_containers_;
  std::optional<std::vector<std::string>> route_localnet_;
  SteadyTime next_containers_, next_bpf_, next_localnet_;
  bool cilium_maps_{};
};

}  // namespace hostnet
