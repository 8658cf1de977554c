#pragma once

// The kernel's answers as plain data. These types leave netlink/, kernel structs do
// not. All are values, compared whole, without pointers into buffers.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"

namespace hostnet {

enum class AddressFamily : std::uint8_t { ipv4, ipv6 };
enum class Protocol : std::uint8_t { tcp, udp, sctp };

std::string_view to_string(AddressFamily family);  // "ipv4", "ipv6"
std::string_view to_string(Protocol protocol);     // "tcp", "udp", "sctp"

// An address in network byte order; an IPv4 address uses the first four bytes,
// the others are zero.
struct IpAddress {
  AddressFamily family{};
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const IpAddress&) const = default;

  bool is_wildcard() const { return bytes == std::array<std::uint8_t, 16>{}; }
  bool is_loopback() const;       // 127.0.0.0/8, ::1 and their v4-mapped form
  bool is_multicast() const;      // 224.0.0.0/4, ff00::/8
  bool is_v4_mapped() const;      // ::ffff:0:0/96 (RFC 4291 section 2.5.5.2)
  IpAddress unmapped() const;     // the IPv4 address inside a v4-mapped one, else itself
  std::string to_string() const;  // inet_ntop's spelling: "10.0.0.1", "fe80::1"
};

// Accepts exactly what inet_pton accepts; no zone, no brackets, no port.
Result<IpAddress> parse_ip(std::string_view text);

// TCP states as numbered in include/net/tcp_states.h. inet_diag reports a socket
// that is bound and not listening as `close` (7); one requested with bit 13
// (Linux 6.8) is a `bound_inactive` here.
enum class SocketState : std::uint8_t {
  established = 1,
  syn_sent = 2,
  syn_recv = 3,
  fin_wait1 = 4,
  fin_wait2 = 5,
  time_wait = 6,
  close = 7,  // for UDP: bound and not connected
  close_wait = 8,
  last_ack = 9,
  listen = 10,
  closing = 11,
  new_syn_recv = 12,
  bound_inactive = 13,
};

// "listen", "established", "time_wait"...; an unconnected UDP socket is "bound".
std::string_view to_string(SocketState state);

// One socket of the network namespace, as NETLINK_SOCK_DIAG reports it
// (include/uapi/linux/inet_diag.h, struct inet_diag_msg).
struct Socket {
  Protocol protocol{};
  SocketState state{};
  IpAddress local;
  std::uint16_t local_port{};
  IpAddress peer;
  std::uint16_t peer_port{};
  std::uint32_t interface{};                // ifindex of SO_BINDTODEVICE, 0 when unbound
  std::uint32_t uid{};                      // also 0 where the kernel has none (TIME_WAIT)
  std::uint64_t inode{};                    // joins with /proc/<pid>/fd; 0: no process has it
  std::uint64_t cookie{};                   // unique until reboot, kept in TIME_WAIT
  std::optional<std::uint64_t> cgroup_id;   // INET_DIAG_CGROUP_ID (Linux 5.8)
  std::optional<bool> v6only;               // only reported for IPv6 sockets in LISTEN and CLOSE
  std::uint32_t receive_queue{};            // bytes; LISTEN: connections waiting for accept()
  std::uint32_t send_queue{};               // bytes; LISTEN: the accept queue's limit
  std::optional<std::uint32_t> expires_ms;  // the rest of TIME_WAIT (timer 3)
  std::optional<std::uint32_t> drops;       // SK_MEMINFO_DROPS, if requested
  bool operator==(const Socket&) const = default;

  // A TCP listener or an unconnected UDP socket: it waits for peers.
  bool is_server() const;
};

// Counters of one interface, in packets or bytes (struct rtnl_link_stats64).
struct LinkStats {
  std::uint64_t rx_packets{}, tx_packets{}, rx_bytes{}, tx_bytes{};
  std::uint64_t rx_errors{}, tx_errors{}, rx_dropped{}, tx_dropped{};
  std::uint64_t multicast{}, collisions{};
  std::uint64_t rx_length_errors{}, rx_over_errors{}, rx_crc_errors{}, rx_frame_errors{};
  std::uint64_t rx_fifo_errors{}, rx_missed_errors{};
  std::uint64_t tx_aborted_errors{}, tx_carrier_errors{}, tx_fifo_errors{};
  std::uint64_t tx_heartbeat_errors{}, tx_window_errors{};
  std::uint64_t rx_compressed{}, tx_compressed{}, rx_nohandler{};
  bool operator==(const LinkStats&) const = default;
};

// Counters of one virtual function as its physical device counts them
// (IFLA_VF_STATS), in packets or bytes.
struct VirtualFunctionStats {
  std::uint64_t rx_packets{}, tx_packets{}, rx_bytes{}, tx_bytes{};
  std::uint64_t broadcast{}, multicast{}, rx_dropped{}, tx_dropped{};
  bool operator==(const VirtualFunctionStats&) const = default;
};

// One SR-IOV virtual function of a physical device (IFLA_VF_INFO).
struct VirtualFunction {
  std::uint32_t index{};
  std::string mac;  // "02:00:00:00:00:01"
  std::optional<std::uint32_t> vlan;
  std::optional<bool> spoof_check;
  std::optional<std::uint32_t> link_state;  // 0 auto, 1 enable, 2 disable
  std::optional<bool> trust;
  std::optional<VirtualFunctionStats> stats;  // not every driver has them
  bool operator==(const VirtualFunction&) const = default;
};

// One interface (RTM_NEWLINK). Optional members: unset if the kernel sent no attribute.
struct Link {
  std::uint32_t index{};
  std::string name;
  std::string kind;   // IFLA_INFO_KIND: "veth", "vxlan", "bridge"...; "" for hardware
  std::string alias;  // IFLA_IFALIAS
  std::vector<std::string> alternative_names;
  std::uint32_t flags{};  // IFF_*; netlink's flags, which sysfs masks differently
  std::uint16_t type{};   // ARPHRD_*
  std::uint32_t mtu{};
  std::uint32_t transmit_queue_length{};
  std::uint32_t group{};
  std::uint8_t operstate{};  // RFC 2863: 0 unknown ... 6 up
  std::uint8_t link_mode{};
  std::optional<std::uint32_t> master;      // ifindex
  std::optional<std::uint32_t> lower_link;  // IFLA_LINK
  std::optional<bool> carrier;
  std::optional<std::uint32_t> carrier_changes, carrier_up_count, carrier_down_count;
  // The number of users that requested every packet, every multicast packet (Linux 6.0).
  std::optional<std::uint32_t> promiscuity, all_multicast;
  std::vector<std::uint8_t> address;  // link-layer address, in its full length
  std::vector<std::uint8_t> broadcast;
  std::optional<std::uint16_t> tunnel_port;  // the UDP port held by a vxlan or geneve device
  std::optional<std::uint32_t> tunnel_link;  // the device that vxlan is bound to
  std::vector<VirtualFunction> virtual_functions;
  LinkStats stats;
  bool operator==(const Link&) const = default;
};

// One address of an interface (RTM_NEWADDR).
struct Address {
  std::uint32_t interface{};  // ifindex
  IpAddress ip;               // IFA_LOCAL if present, else IFA_ADDRESS
  std::uint8_t prefix_length{};
  std::uint8_t scope{};   // RT_SCOPE_*
  std::uint32_t flags{};  // IFA_F_*
  std::string label;
  bool operator==(const Address&) const = default;
};

struct NextHop {
  std::uint32_t interface{};  // ifindex, 0: none
  std::optional<IpAddress> gateway;
  std::uint32_t weight{1};
  bool operator==(const NextHop&) const = default;
};

// One route (RTM_NEWROUTE). A multipath route has several next hops.
struct Route {
  AddressFamily family{};
  std::uint32_t table{};
  std::uint8_t protocol{};  // RTPROT_*
  std::uint8_t scope{};
  std::uint8_t type{};  // RTN_*: unicast, blackhole...
  IpAddress destination;
  std::uint8_t prefix_length{};
  std::optional<IpAddress> preferred_source;
  std::optional<std::uint32_t> priority;  // metric
  std::vector<NextHop> next_hops;
  bool operator==(const Route&) const = default;
};

// One neighbour (RTM_NEWNEIGH).
struct Neighbour {
  std::uint32_t interface{};
  IpAddress ip;
  std::uint16_t state{};  // NUD_*
  std::vector<std::uint8_t> link_address;
  bool operator==(const Neighbour&) const = default;
};

// One queueing discipline with its counters (RTM_NEWQDISC).
struct Qdisc {
  std::uint32_t interface{};
  std::string kind;
  std::uint32_t handle{};
  std::uint32_t parent{};
  std::uint64_t bytes{};
  std::uint64_t packets{};
  std::uint64_t drops{}, requeues{}, overlimits{};
  std::uint64_t queue_length{}, backlog{};
  bool operator==(const Qdisc&) const = default;
};

}  // namespace hostnet
