#include "agent/ports/scan/port_probe.h"

#include <chrono>
#include <utility>

#include "agent/ports/owners/kernel_socket.h"
#include "agent/ports/protocols.h"
#include "agent/ports/scan/append_sockets.h"
#include "netlink/rtnetlink/links.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kNetworkKeeps{1};

}  // namespace

void PortProbe::read_network() {
  const SteadyTime now = node_.clock->steady();
  if (network_known_ && now - network_read_ < kNetworkKeeps) return;
  network_known_ = true;
  network_read_ = now;
  links_ = read_links(*node_.netlink).value_or(std::move(links_));
  addresses_ = read_addresses(*node_.netlink).value_or(std::move(addresses_));
}

const std::vector<Link>& PortProbe::links() {
  read_network();
  return links_;
}

const std::vector<Address>& PortProbe::addresses() {
  read_network();
  return addresses_;
}

void PortProbe::read_sockets(const Query& wanted) {
  Coverage coverage;
  sockets_.clear();
  const bool tcp = wanted.protocol == Protocol::tcp;
  SocketQuery query{.protocol = wanted.protocol,
                    .family = AddressFamily::ipv4,
                    .states = state_bit(tcp ? SocketState::listen : SocketState::close),
                    .ports = {wanted.port},
                    .memory = false};
  if (wanted.every_state) query.states = kEverySocketState;
  if (tcp) {
    append_tcp_sockets(node_, query, sockets_, coverage);
    return;
  }
  for (const AddressFamily family : kAddressFamilies) {
    query.family = family;
    append_sockets(node_, query, sockets_, coverage);
  }
}

std::vector<Holder> PortProbe::holders(const Query& query,
                                       const std::vector<std::string>& node_components,
                                       const PodIndex& pods) {
  read_network();
  read_sockets(query);
  attribution_.update(sockets_, links_,
                      {.node_components = node_components, .urgent_ports = {query.port}},
                      node_.clock->steady());
  std::vector<Holder> holders;
  for (const Socket& socket : sockets_) {
    Holder holder{.socket = socket, .owner = attribution_.owner_of(socket)};
    if (const Link* link = find_link(links_, socket.interface)) holder.device = link->name;
    if (holder.owner.kind == HolderKind::kernel) {
      if (const Link* tunnel = tunnel_of(socket, links_)) holder.device = tunnel->name;
    }
    pods.name(holder);
    holders.push_back(std::move(holder));
  }
  return holders;
}

}  // namespace hostnet
