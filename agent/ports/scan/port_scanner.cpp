#include "agent/ports/scan/port_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

#include "agent/ports/owners/kernel_socket.h"
#include "agent/ports/port_ranges.h"
#include "agent/ports/protocols.h"
#include "agent/ports/scan/append_sockets.h"
#include "agent/ports/scan/socket_folder.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"
#include "netlink/genetlink/wireguard.h"
#include "netlink/rtnetlink/links.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

constexpr std::uint32_t kTcpServers = state_bit(SocketState::listen);
constexpr std::uint32_t kUdpServers = state_bit(SocketState::close);
constexpr std::uint32_t kSctpEndpoints =
    state_bit(SocketState::listen) | state_bit(SocketState::close);

bool in_port_order(const Socket& a, const Socket& b) {
  const auto key = [](const Socket& socket) {
    return std::tie(socket.protocol, socket.local_port, socket.local, socket.cookie);
  };
  return key(a) < key(b);
}

bool at_one_place(const Socket& one, const Socket& other) {
  return one.protocol == other.protocol && one.local_port == other.local_port &&
         one.local == other.local && one.state == other.state;
}

// Whether another UDP server has the port of the `at`th too; they are in the order of ports.
bool shares_udp_port(std::span<const Socket> sockets, std::size_t at) {
  const auto has_it = [&](const Socket& socket) {
    return socket.protocol == Protocol::udp && socket.is_server() &&
           socket.local_port == sockets[at].local_port;
  };
  return has_it(sockets[at]) && ((at > 0 && has_it(sockets[at - 1])) ||
                                 (at + 1 < sockets.size() && has_it(sockets[at + 1])));
}

bool have_same_refusals(const PortSnapshot& one, const PortSnapshot& other) {
  return one.refusals && other.refusals ? *one.refusals == *other.refusals
                                        : one.refusals == other.refusals;
}

}  // namespace

bool shows_bound_inactive(std::string_view release) {
  const auto major = parse_number<unsigned>(take_until(release, '.'));
  const auto minor = take_number<unsigned>(release);
  return major && minor && std::pair(*major, *minor) >= std::pair(6U, 8U);
}

PortScanner::PortScanner(const Node& node, std::shared_ptr<NatMemory> nat)
    : node_(node),
      attribution_(node),
      full_state_scan_(node),
      nat_scan_(node, std::move(nat)),
      options_(node) {}

void PortScanner::read_servers(const ScanOptions& options, Coverage& coverage) {
  const std::vector<std::uint16_t> ports =
      options.only_deep_ports ? options.deep_ports : std::vector<std::uint16_t>{};
  append_tcp_sockets(node_, {.states = kTcpServers, .ports = ports}, dumped_, coverage);
  for (const AddressFamily family : kAddressFamilies) {
    append_sockets(node_,
                   {.protocol = Protocol::udp,
                    .family = family,
                    .states = kUdpServers,
                    .ports = ports,
                    .memory = options.memory},
                   dumped_, coverage);
  }
  // Querying a kernel without SCTP would make it load the module.
  if (!options.sctp || !node_.files->exists("proc/1/net/sctp")) return;
  const std::size_t problems = coverage.problems.size();
  for (const AddressFamily family : kAddressFamilies) {
    append_sockets(
        node_,
        {.protocol = Protocol::sctp, .family = family, .states = kSctpEndpoints, .ports = ports},
        dumped_, coverage);
  }
  // A kernel that cannot report them is a finding, not a problem.
  coverage.sctp = coverage.problems.size() == problems;
  coverage.problems.resize(problems);
  coverage.unread.erase(Protocol::sctp);
}

// `sockets_` is sorted: sockets on one port are adjacent.
void PortScanner::ask_options(const ScanOptions& options, bool scanned_fully, SteadyTime now,
                              Coverage& coverage) {
  options_.begin_scan(now);
  sharing_.clear();
  std::size_t before = 0;  // at the same place
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    Socket& socket = sockets_[i];
    before = i > 0 && at_one_place(sockets_[i - 1], socket) ? before + 1 : 0;
    const bool decides = options_decide(socket);
    const bool declared = std::ranges::binary_search(options.urgent_ports, socket.local_port);
    if (!decides && !(declared && shares_udp_port(sockets_, i))) continue;
    // The kernel lets so many in for the same options only.
    sharing_[socket.cookie] =
        before < SocketFolder::kMostAtOnePlace
            ? options_.ask(socket, attribution_.uses_of(socket), decides && scanned_fully)
            : Sharing(sharing_[sockets_[i - 1].cookie]);
  }
  if (options_.problem()) coverage.problems.push_back(*options_.problem());
}

void PortScanner::read_network(const ScanOptions& options, Reading& reading) {
  constexpr std::string_view kRemedy = "allow netlink sockets of NETLINK_ROUTE (seccomp, SELinux)";
  auto& problems = reading.snapshot.coverage.problems;
  reading.same_network = !options.network_changed && network_known_;
  if (!reading.same_network) {
    auto links = read_links(*node_.netlink);
    auto addresses = read_addresses(*node_.netlink);
    network_known_ = links && addresses;
    if (!links) problems.push_back(read_problem("rtnetlink_failed", links.error(), kRemedy));
    if (!addresses) {
      problems.push_back(read_problem("rtnetlink_failed", addresses.error(), kRemedy));
    }
    links_ = std::move(links).value_or(std::move(links_));
    addresses_ = std::move(addresses).value_or(std::move(addresses_));
  }
  // In every scan: a device may change its port without an event.
  const bool has_wireguard = contains(links_, "wireguard", &Link::kind);
  if (!has_wireguard || !node_.identity.has_capability(Identity::kNetAdmin)) return;
  if (const auto read = read_wireguard_ports(*node_.netlink, links_); !read) {
    problems.push_back(read_problem("wireguard_failed", read.error(),
                                    "allow netlink sockets of NETLINK_GENERIC (seccomp)"));
  }
  reading.same_network = reading.same_network && last_ && links_ == last_->links;
}

bool has_narrow_rule(const PortSnapshot& table, const Socket& socket) {
  if (!table.nat) return false;
  return std::ranges::any_of(table.nat->on_port(socket.protocol, socket.local_port),
                             [](const NatRule* rule) {
                               const PortSpan& ports = rule->scope.ports;
                               return ports.last - ports.first < static_cast<int>(kMostListedPorts);
                             });
}

void PortScanner::add_holders(const ScanOptions& options, PortSnapshot& table) {
  SocketFolder folder(table);
  table.holders.reserve(sockets_.size());
  for (const Socket& socket : sockets_) {
    const Owner& owner = attribution_.owner_of(socket);
    const bool asked = std::ranges::binary_search(options.urgent_ports, socket.local_port) ||
                       std::ranges::binary_search(options.deep_ports, socket.local_port) ||
                       has_narrow_rule(table, socket);
    if (folder.fold(socket, owner, asked)) continue;
    Holder holder{.socket = socket, .owner = owner};
    if (!sharing_.empty()) {
      if (const auto at = sharing_.find(socket.cookie); at != sharing_.end()) {
        holder.sharing = at->second;
      }
    }
    if (const Link* link = find_link(links_, socket.interface)) holder.device = link->name;
    if (holder.owner.kind == HolderKind::kernel) {
      if (const Link* tunnel = tunnel_of(socket, links_)) holder.device = tunnel->name;
    }
    table.pods->name(holder);
    table.holders.push_back(std::move(holder));
  }
  if (folder.past_limit() > 0) {
    table.coverage.problems.push_back(
        {.code = "sockets_too_many",
         .message =
             fmt::format("{} sockets on declared ports are counted only", folder.past_limit()),
         .remedy = "see whose they are: ss -tulnp"});
  }
}

// A rule may cover thousands of ports: add only relevant ones.
void PortScanner::add_rules(const ScanOptions& options, PortSnapshot& table) const {
  if (!table.nat || table.nat->rules().empty()) return;
  std::vector<std::pair<Protocol, std::uint16_t>> wanted;
  for (const Holder& holder : table.holders) {
    const Socket& socket = holder.socket;
    if (socket.is_server()) wanted.emplace_back(socket.protocol, socket.local_port);
  }
  for (const auto& ports : {options.urgent_ports, options.deep_ports}) {
    for (const std::uint16_t port : ports) {
      for (const Protocol protocol : kProtocols) {
        wanted.emplace_back(protocol, port);
      }
    }
  }
  sort_unique(wanted);
  for (const auto& [protocol, port] : wanted) {
    for (const NatRule* rule : table.nat->on_port(protocol, port)) {
      table.holders.push_back(holder_of_rule(table, *rule, protocol, port));
    }
  }
}

void PortScanner::read_sockets(const ScanOptions& options, SteadyTime now, Reading& reading) {
  const std::vector<Socket> before = std::exchange(dumped_, {});
  dumped_.reserve(before.size());
  PortSnapshot& snapshot = reading.snapshot;
  read_servers(options, snapshot.coverage);
  const std::size_t servers = dumped_.size();
  reading.scanned_fully = full_state_scan_.scan(
      {.ports = options.deep_ports, .memory = options.memory, .paced = options.deep_paced}, now,
      dumped_, snapshot.coverage);
  reading.same_sockets = last_ && dumped_ == before;
  if (reading.same_sockets) {
    listeners_.see_again(now);
  } else {
    listeners_.see(std::span(dumped_).first(servers), now);
  }
  snapshot.recent_listeners = listeners_.ports(now);
}

void PortScanner::find_owners(const ScanOptions& options, SteadyTime now, Reading& reading) {
  Attribution::Options attribution{.node_components = options.node_components,
                                   .ephemeral = reading.snapshot.ranges.ephemeral,
                                   .same_sockets = reading.same_sockets,
                                   .search_processes = options.search_processes};
  std::ranges::set_union(options.deep_ports, options.urgent_ports,
                         std::back_inserter(attribution.urgent_ports));
  attribution_.update(dumped_, links_, attribution, now);
  reading.revision = attribution_.revision();
  Coverage& coverage = reading.snapshot.coverage;
  coverage.every_owner = !attribution_.problem().has_value();
  if (!coverage.every_owner) coverage.problems.push_back(*attribution_.problem());
  if (!options.search_processes) {
    coverage.every_owner = false;
    coverage.problems.push_back({.code = "first_scan_not_finished",
                                 .message = "which processes hold the ports is not known yet: "
                                            "they are being searched",
                                 .remedy = "ask again in a moment"});
  }
}

// Not if options were queried: those may have changed.
bool PortScanner::is_as_before(const ScanOptions& options, const Reading& reading) const {
  const PortSnapshot& now = reading.snapshot;
  return last_ && reading.same_sockets && reading.same_network && sharing_.empty() &&
         reading.revision == last_revision_ && options.pods == last_options_.pods &&
         options.urgent_ports == last_options_.urgent_ports &&
         options.deep_ports == last_options_.deep_ports && now.coverage == last_->coverage &&
         now.ranges == last_->ranges && now.recent_listeners == last_->recent_listeners &&
         now.nat == last_->nat && now.filters == last_->filters &&
         now.route_localnet == last_->route_localnet &&
         now.pods_by_container == last_->pods_by_container &&
         now.other_containers == last_->other_containers && have_same_refusals(now, *last_);
}

void PortScanner::build(const ScanOptions& options, SteadyTime now, Reading& reading) {
  PortSnapshot& snapshot = reading.snapshot;
  const auto begin = node_.clock->thread_cpu();
  // Holders are large: sort the sockets instead.
  sockets_ = dumped_;
  std::ranges::sort(sockets_, in_port_order);
  ask_options(options, reading.scanned_fully, now, snapshot.coverage);
  if (reading.scanned_fully) full_state_scan_.rest_more(node_.clock->thread_cpu() - begin);
  snapshot.links = links_;
  snapshot.addresses = addresses_;
  add_holders(options, snapshot);
  add_rules(options, snapshot);
  std::vector<Socket>().swap(sockets_);
}

std::shared_ptr<const PortSnapshot> PortScanner::scan(const ScanOptions& options, SteadyTime now) {
  Reading reading{.snapshot = {.pods = options.pods}};
  if (options.refusals && !options.refusals->empty()) reading.snapshot.refusals = options.refusals;
  PortSnapshot& snapshot = reading.snapshot;
  read_sockets(options, now, reading);
  // After the sockets, so that a tunnel's device is always known.
  read_network(options, reading);
  snapshot.ranges = read_port_ranges(*node_.files, snapshot.coverage.problems);
  const auto begin = node_.clock->thread_cpu();
  find_owners(options, now, reading);
  if (reading.scanned_fully) full_state_scan_.rest_more(node_.clock->thread_cpu() - begin);
  nat_scan_.scan(now, links_, addresses_, snapshot);
  const Identity& identity = node_.identity;
  if (!identity.shows_bound_inactive.value_or(shows_bound_inactive(identity.release))) {
    snapshot.coverage.limits.push_back(
        {.code = "bound_inactive_invisible",
         .message = fmt::format("Linux {} does not show TCP sockets that are bound and do not "
                                "listen",
                                identity.release),
         .remedy = "Linux 6.8 or newer shows them"});
  }
  sort_unique(snapshot.coverage.problems);
  if (is_as_before(options, reading)) return last_;
  build(options, now, reading);
  sort_unique(snapshot.coverage.problems);
  last_ = std::make_shared<const PortSnapshot>(std::move(snapshot));
  last_options_ = options;
  last_revision_ = reading.revision;
  return last_;
}

}  // namespace hostnet
