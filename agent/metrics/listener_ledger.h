#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "agent/findings/report.h"
#include "collectors/framework/collector.h"
#include "collectors/framework/widen.h"

namespace hostnet {

// Most series of each per-socket family. Together with the findings' they stay
// under 20,000 on a node with 5,000 listeners.
struct ListenerLimits {
  std::size_t tcp = 5000;  // two series each
  std::size_t udp = 3000;
  std::size_t info = 5000;
};

// What the listeners' families must remember between reports: since when a UDP
// socket is open, and the drops of sockets that are closed by now. Pass it every
// report (the same one again does nothing). Thread safe.
//
// A UDP socket is a listener when it is unconnected and its port is outside the
// ephemeral range or declared, or it has been seen for 60 seconds: a DNS
// client's socket is not one.
class ListenerLedger {
 public:
  explicit ListenerLedger(ListenerLimits limits = {}) : limits_(limits) {}

  void update(const Report& report);

  // Of the last report that update() saw. hostnet_listener_accept_queue,
  // _limit, hostnet_udp_socket_drops_total (the collector `listeners`).
  std::vector<MetricSource> listener_families() const;
  // hostnet_listener_info (the collector `listener_info`).
  std::vector<MetricSource> info_families() const;
  // hostnet_listening_sockets (the collector `ports`).
  std::vector<MetricSource> count_families() const;

 private:
  // Sorts in the order in which series are kept when there are too many.
  struct Endpoint {
    Protocol protocol{};
    std::uint16_t port{};
    std::string address;
    auto operator<=>(const Endpoint&) const = default;
  };
  struct UdpSocket {
    SteadyTime first_seen;
    WidenedCounter drops;
    std::uint64_t counted{};  // its drops that are already in the endpoint's total
    bool present{};
  };
  struct DropTotal {
    std::uint64_t drops{};
    std::uint64_t last_report{};  // the number of the last report that had it
  };
  using Kind = std::tuple<Protocol, AddressFamily, HolderKind>;

  bool is_listener(const Report& report, const Holder& holder);
  void note_listener(const Holder& holder);
  void forget_closed();
  // The listeners of one protocol, port and address after the other.
  void for_each_place(const std::function<void(std::span<const Holder* const>)>& visit) const;

  const ListenerLimits limits_;
  mutable std::mutex mutex_;
  std::shared_ptr<const PortSnapshot> table_;  // of the last report
  bool waiting_{};                             // some UDP socket there may yet become a listener
  SteadyTime last_;
  std::uint64_t reports_{};
  std::map<std::uint64_t, UdpSocket> udp_;  // by cookie
  std::map<Endpoint, DropTotal> drops_;     // of listeners, closed ones too
  std::vector<const Holder*> listeners_;    // in table_, in its order
  std::map<Kind, std::size_t> counts_;
};

}  // namespace hostnet
