#include "agent/metrics/ephemeral_ports.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "agent/metrics/dropped_series.h"
#include "agent/ports/port_ranges.h"
#include "agent/ports/protocols.h"
#include "collectors/framework/families.h"

namespace hostnet {
namespace {

using PortSet = std::bitset<65536>;

// Dropped addresses are counted only up to this number.
constexpr std::size_t kCountedDrops = 4096;

constexpr std::array kWalkedProtocols{Protocol::tcp, Protocol::udp};

// The ports in use at each address of one protocol.
class PortsByAddress {
 public:
  void add(const IpAddress& address, std::uint16_t port) {
    // Neighbours in the kernel's table rarely differ in address.
    if (last_ == nullptr || last_address_ != address) {
      auto* const ports = at(address);
      if (ports == nullptr) return;
      last_address_ = address;
      last_ = ports;
    }
    last_->set(port);
  }
  void add_all(const PortsByAddress& others) {
    for (const auto& [address, ports] : others.ports_) {
      if (auto* const mine = at(address)) *mine |= *ports;
    }
    dropped_.insert(others.dropped_.begin(), others.dropped_.end());
  }
  const auto& ports() const { return ports_; }
  std::size_t dropped() const { return dropped_.size(); }

 private:
  PortSet* at(const IpAddress& address) {
    const auto found = ports_.find(address);
    if (found != ports_.end()) return found->second.get();
    if (ports_.size() >= kEphemeralAddresses) {
      if (dropped_.size() < kCountedDrops) dropped_.insert(address);
      return nullptr;
    }
    return ports_.emplace(address, std::make_unique<PortSet>()).first->second.get();
  }

  std::map<IpAddress, std::unique_ptr<PortSet>> ports_;
  std::set<IpAddress> dropped_;
  IpAddress last_address_;
  PortSet* last_{};
};

// Sorted and unique, as a socket query requires.
Result<std::vector<std::uint16_t>> usable_ports(const Files& files) {
  const auto range_text = files.read("proc/sys/net/ipv4/ip_local_port_range");
  if (!range_text) {
    const bool absent = range_text.error().reason == Reason::vanished;
    return failure(absent ? Reason::unsupported : range_text.error().reason,
                   range_text.error().message);
  }
  const auto range = parse_port_range(*range_text);
  if (!range) return std::unexpected(range.error());
  std::vector<PortRange> reserved;
  if (const auto text = files.read("proc/sys/net/ipv4/ip_local_reserved_ports")) {
    auto parsed = parse_port_list(*text);
    if (!parsed) return std::unexpected(std::move(parsed).error());
    reserved = *std::move(parsed);
  }
  std::vector<std::uint16_t> ports;
  for (unsigned port = range->first; port <= range->last; ++port) {
    const bool kept_free = std::ranges::any_of(
        reserved, [&](const PortRange& except) { return except.contains(port); });
    if (!kept_free) ports.push_back(static_cast<std::uint16_t>(port));
  }
  return ports;
}

Result<PortsByAddress> ports_in_use(Netlink& netlink, Protocol protocol,
                                    const std::vector<std::uint16_t>& usable) {
  PortsByAddress in_use;
  for (const AddressFamily family : kAddressFamilies) {
    // The kernel leaves out the other ports: a server's connections cost little.
    const SocketQuery query{
        .protocol = protocol, .family = family, .states = kEverySocketState, .ports = usable};
    PortsByAddress of_family;
    const auto done = netlink.sockets(
        query,
        {[&] { of_family = {}; },
         [&](const Socket& socket) { of_family.add(socket.local.unmapped(), socket.local_port); }});
    const bool absent = !done && (done.error().reason == Reason::unsupported ||
                                  done.error().reason == Reason::vanished);
    if (absent && family == AddressFamily::ipv6) continue;  // a kernel without IPv6
    if (!done) return std::unexpected(done.error());
    in_use.add_all(of_family);
  }
  return in_use;
}

}  // namespace

Result<EphemeralPortUse> read_ephemeral_ports(const Node& node) {
  const auto usable = usable_ports(*node.files);
  if (!usable) return std::unexpected(usable.error());
  EphemeralPortUse use;
  use.range = usable->size();
  if (usable->empty()) return use;
  for (const Protocol protocol : kWalkedProtocols) {
    const auto in_use = ports_in_use(*node.netlink, protocol, *usable);
    if (!in_use) return std::unexpected(in_use.error());
    for (const auto& [address, ports] : in_use->ports()) {
      use.used[{protocol, address}] = ports->count();
    }
    use.dropped += in_use->dropped();
  }
  return use;
}

std::vector<MetricSource> ephemeral_port_families(const EphemeralPortUse& use) {
  FamilyList families;
  families.add("hostnet_ephemeral_ports_range",
               "Ephemeral ports that outgoing connections may use: ip_local_port_range without "
               "ip_local_reserved_ports.",
               kGauge, {}, static_cast<double>(use.range));
  for (const auto& [key, count] : use.used) {
    const auto& [protocol, address] = key;
    families.add("hostnet_ephemeral_ports_used",
                 "Ephemeral ports in use by sockets in any state, by local address.", kGauge,
                 {{"address", address.to_string()}, {"protocol", to_string(protocol)}},
                 static_cast<double>(count));
  }
  add_dropped_series(families, "hostnet_ephemeral_ports_used", use.dropped);
  return families.take();
}

ProvidedCollector ephemeral_ports_collector(bool enabled) {
  struct LastWalk {
    SteadyTime ended;
    std::chrono::nanoseconds took{};
    EphemeralPortUse use;
  };
  return {.name = "ephemeral_ports",
          .enabled = enabled,
          .collect = [last = std::optional<LastWalk>()](
                         Scrape& scrape) mutable -> Result<std::vector<MetricSource>> {
            const Clock& clock = *scrape.node().clock;
            const SteadyTime start = clock.steady();
            if (!last || start - last->ended >= kEphemeralWalkPause * last->took) {
              auto use = read_ephemeral_ports(scrape.node());
              if (!use) return std::unexpected(std::move(use).error());
              const SteadyTime ended = clock.steady();
              last = LastWalk{.ended = ended, .took = ended - start, .use = *std::move(use)};
            }
            return ephemeral_port_families(last->use);
          }};
}

}  // namespace hostnet
