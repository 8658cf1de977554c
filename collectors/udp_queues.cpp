// Bytes in the queues of all UDP sockets, added up while NETLINK_SOCK_DIAG sends
// them: with 48,000 sockets /proc/net/udp and udp6 take the kernel ten times as long,
// because each read starts again at the first socket. They are read if sock_diag is
// refused, or if pid 1 has another network namespace.

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"

namespace hostnet {
namespace {

struct UdpQueues {
  std::uint64_t transmit{}, receive{};
};

// The fifth field is "<tx_queue>:<rx_queue>", hexadecimal (net/ipv4/udp.c).
Result<UdpQueues> read_udp_queues(const Files& files, const std::string& path) {
  constexpr std::size_t kQueues = 4;
  const auto text = files.read(path);
  if (!text) return std::unexpected(text.error());
  UdpQueues sum;
  LineReader reader(path, *text);
  while (reader.next()) {
    if (reader.number() == 1 || reader.fields().empty()) continue;  // the heading
    if (reader.fields().size() <= kQueues) return reader.malformed("no queues");
    const std::string_view queues = reader.fields()[kQueues];
    const auto colon = queues.find(':');
    if (colon == std::string_view::npos) {
      return reader.malformed("expected \"<tx_queue>:<rx_queue>\"");
    }
    const auto transmit = reader.number_in(queues.substr(0, colon), 16);
    if (!transmit) return std::unexpected(transmit.error());
    const auto receive = reader.number_in(queues.substr(colon + 1), 16);
    if (!receive) return std::unexpected(receive.error());
    sum.transmit += *transmit;
    sum.receive += *receive;
  }
  return sum;
}

Result<UdpQueues> ask_for_udp_queues(Netlink& netlink, AddressFamily family) {
  UdpQueues sum;
  const auto add = [&](const Socket& socket) {
    sum.transmit += socket.send_queue;
    sum.receive += socket.receive_queue;
  };
  const SocketQuery query{.protocol = Protocol::udp, .family = family, .states = kEverySocketState};
  const auto done = netlink.sockets(query, {[&] { sum = {}; }, add});
  if (!done) return std::unexpected(done.error());
  return sum;
}

// Whether sock_diag reports the namespace from which /proc/net is read.
bool in_namespace_of_init(const Identity& identity) {
  return identity.own_net_namespace && identity.own_net_namespace == identity.init_net_namespace;
}

Result<std::vector<MetricSource>> collect_udp_queues(Scrape& scrape) {
  struct Source {
    AddressFamily family;
    std::string_view file, label;
  };
  const Node& node = scrape.node();
  bool from_netlink = in_namespace_of_init(node.identity);
  FamilyList families;
  bool found = false;
  for (const auto& [family, file, label] :
       {Source{AddressFamily::ipv4, "udp", "v4"}, {AddressFamily::ipv6, "udp6", "v6"}}) {
    const std::string path = net_path(*node.files, file);
    if (!node.files->exists(path)) continue;  // no IPv6
    found = true;
    Result<UdpQueues> sum;
    if (from_netlink) {
      sum = ask_for_udp_queues(*node.netlink, family);
      if (!sum && sum.error().reason == Reason::timeout) return std::unexpected(sum.error());
      from_netlink = sum.has_value();
    }
    if (!from_netlink) sum = read_udp_queues(*node.files, path);
    if (!sum) return std::unexpected(sum.error());
    for (const auto& [queue, bytes] :
         {std::pair{"rx", sum->receive}, std::pair{"tx", sum->transmit}}) {
      families.add("node_udp_queues", "Bytes that wait in the queues of UDP sockets.", kGauge,
                   {{"ip", label}, {"queue", queue}}, static_cast<double>(bytes));
    }
  }
  if (!found) return failure(Reason::unsupported, "no udp in /proc/net");
  auto sources = families.take();
  sources.push_back(live_source("udp_queues", from_netlink ? "netlink" : "procfs"));
  return sources;
}

}  // namespace

Collector udp_queues_collector() {
  return {.name = "udp_queues",
          .help = "bytes in the queues of UDP sockets",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_udp_queues; }};
}

}  // namespace hostnet
