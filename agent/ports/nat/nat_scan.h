#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/ports/nat_rules.h"
#include "agent/ports/port_filters.h"
#include "agent/ports/port_snapshot.h"
#include "netlink/nat/ipvs/ipvs.h"
#include "netlink/nat/packets/packet_rules.h"
#include "netlink/node/node.h"

namespace hostnet {

// What takes packets to ports of this node without a socket: NAT rules, and packet filters, read
// again only when they may have changed.
//
// nf_tables: one short question per scan says whether anything changed (asking
// costs 20 µs; to be told of every change would cost the kernel and us a message
// for every rule that kube-proxy writes anew). Then they are read, no sooner than
// 5 s after the last time. Legacy iptables tell nothing of changes and are read
// every 10 s. Neither is read sooner than a hundred times as long after the last
// read as that, and what was made of it, took of CPU time. IPVS, and the ipsets that rules name,
// tell nothing of changes either: every 10 s. Not thread safe: owned by the port table's builder.
class NatScan {
 public:
  explicit NatScan(const Node& node) : node_(node) {}

  // Fills what the table says of NAT on a node with these links and addresses.
  void scan(SteadyTime now, std::span<const Link> links, std::span<const Address> addresses,
            PortSnapshot& table);

  static constexpr std::chrono::seconds kNfTablesPause{5}, kIpTablesPause{10}, kIpSetsPause{10},
      kIpvsPause{10}, kAbsentPause{60}, kContainersPause{30}, kLocalnetPause{30};
  static constexpr int kRest = 100;  // times the CPU time of a read

 private:
  // One of the kernel's packet filters, as it was read last.
  struct Source {
    PortFilters::Tables tables = std::make_shared<std::vector<PacketTable>>();
    PortFilters::Tables filters = tables;  // that only filter
    UnknownParts unknown, unknown_filters, malformed;
    std::optional<Error> error;
    bool unsteady{};  // it changed all the time while it was read
    SteadyTime next;  // no sooner
    bool operator==(const Source& other) const;
  };

  struct Ipvs {
    IpvsTable table;
    std::optional<Error> error;
    bool kube_proxy{};  // keeps it: there is its device
    SteadyTime next;    // no sooner
    bool operator==(const Ipvs&) const = default;
  };

  bool read_nf_tables_again(SteadyTime now);
  bool read_ip_tables_again(SteadyTime now);
  bool read_ipvs_again(SteadyTime now, std::span<const Link> links);
  bool addresses_changed(std::span<const Link> links, std::span<const Address> addresses);
  void walk();
  void tell(const Source& source, bool narrowed_by_unknown);
  void tell(const Ipvs& ipvs);
  void tell(const Error& error);
  void read_containers(SteadyTime now, bool rules_changed);
  void read_route_localnet(SteadyTime now, bool rules_changed, std::span<const Link> links);
  bool forwards_by_ebpf(SteadyTime now, std::span<const Link> links);
  // Whether it is another than before, the time of the next read aside.
  template <class T>
  bool replace(T& known, T fresh, SteadyTime now, std::chrono::nanoseconds pause,
               std::chrono::nanoseconds cpu_at_begin) const;

  Node node_;
  Source nf_tables_, ip_tables_;
  Ipvs ipvs_;
  std::optional<std::uint32_t> generation_;  // of what was read; unset: read it
  std::optional<SteadyTime> next_ip_sets_;   // of rules of that generation; unset: none
  std::vector<IpAddress> local_addresses_;   // sorted
  bool has_forwarder_{};
  std::shared_ptr<const NatRules> rules_;
  std::shared_ptr<const PortFilters> filters_;
  std::vector<Problem> problems_, limits_;
  std::shared_ptr<const PodsByContainer> containers_;
  std::shared_ptr<const RuntimesByContainer> other_containers_;
  std::optional<std::vector<std::string>> route_localnet_;
  SteadyTime next_containers_, next_bpf_, next_localnet_;
  bool cilium_maps_{};
};

}  // namespace hostnet
