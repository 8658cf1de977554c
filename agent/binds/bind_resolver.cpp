#include "agent/binds/bind_resolver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ranges>
#include <string_view>
#include <utility>

#include "agent/findings/context/overlap.h"
#include "agent/ports/owners/classify.h"
#include "agent/ports/owners/process.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

// include/linux/proc_ns.h, PROC_PID_INIT_INO.
constexpr std::uint64_t kInitialPidNamespace = 0xEFFFFFFC;
constexpr unsigned kNetBindService = 10;  // CAP_NET_BIND_SERVICE
constexpr std::uint16_t kFirstUnprivileged = 1024;
// A flood of refusals is resolved with fewer scans.
constexpr int kProbesAtOnce = 64;
constexpr milliseconds kProbeRefill{5};

std::uint16_t first_unprivileged(const Files& files) {
  const auto text = files.read("proc/sys/net/ipv4/ip_unprivileged_port_start");
  if (!text) return kFirstUnprivileged;
  return parse_number<std::uint16_t>(trim(*text)).value_or(kFirstUnprivileged);
}

// The number was reused: the process started after the bind(). USER_HZ is 100 everywhere.
bool began_after(const ProcessStat& stat, const Binder& binder) {
  constexpr std::chrono::milliseconds kTick{10};
  return kTick * static_cast<std::int64_t>(stat.start_time) > binder.at.time_since_epoch();
}

bool tells_something(const CgroupFacts& facts) {
  return facts.in_kubepods || !facts.unit.empty() || !facts.container_runtime.empty() ||
         facts.of_node;
}

// Servers set SO_REUSEADDR: sockets that do not listen rarely conflict with them, and come last.
auto order_of(const Holder& holder) {
  return std::tuple(port_use(holder.socket), holder.owner.kind, holder.socket.local);
}

}  // namespace

BindResolver::BindResolver(const Node& node)
    : node_(node),
      cgroups_(*node_.files),
      probe_(node_),
      probes_(kProbesAtOnce, kProbeRefill),
      shows_processes_(node_.identity.init_pid_namespace.value_or(0) == kInitialPidNamespace) {}

const CgroupPlace* BindResolver::place_of(const Binder& binder) {
  if (const auto* own = cgroups_.of_id(binder.cgroup)) return own;
  for (const std::uint64_t id : binder.ancestors | std::views::reverse) {
    if (id == 0 || id == binder.cgroup) continue;
    if (const auto* place = cgroups_.of_id(id)) return place;
  }
  return nullptr;
}

// The number may have been reused: compares the name or, without one, the start time.
bool BindResolver::is_alive(const Binder& binder) {
  if (!shows_processes_) return false;
  const auto stat = read_process_stat(*node_.files, binder.process, text_);
  if (!stat) return false;
  if (binder.comm.empty()) return !began_after(*stat, binder);
  return binder.thread != binder.process || stat->comm == binder.comm;
}

// `number` is the process's own in procfs, 0: not known.
std::string BindResolver::name_of(const Binder& binder, int number) {
  if (!binder.comm.empty() || number == 0) return binder.comm;
  const auto stat = read_process_stat(*node_.files, number, text_);
  return stat && !began_after(*stat, binder) ? stat->comm : std::string();
}

// Its number in procfs. If that differs from the BPF programs' (a node in a container): the only
// process of that name in its cgroup; 0: not known.
int BindResolver::number_of(const Binder& binder) {
  if (shows_processes_) return binder.process;
  const auto* place = cgroups_.of_id(binder.cgroup);
  if (place == nullptr) return 0;
  bool hidden = false;
  int found = 0;
  for (const int pid : cgroups_.processes_in(*place, hidden)) {
    const auto stat = read_process_stat(*node_.files, pid, text_);
    if (!stat || (!binder.comm.empty() && stat->comm != binder.comm)) continue;
    if (found != 0) return 0;
    found = pid;
  }
  return found;
}

std::optional<CgroupPlace> BindResolver::place_of_process(const Binder& binder) {
  if (!is_alive(binder)) return std::nullopt;
  std::size_t fingerprint = 0;
  CgroupPlace place = cgroups_.of_process(binder.process, fingerprint);
  if (place.path.empty()) return std::nullopt;
  return place;
}

bool BindResolver::runs_component(const Binder& binder, const Names& names, std::string& exe) {
  if (!is_alive(binder)) return false;
  exe = read_executable(*node_.files, binder.process);
  return names_executable(names.node_components, exe) &&
         runs_roots_own_program(*node_.files, binder.process, exe, text_);
}

Owner BindResolver::owner_of(const Binder& binder, const Names& names) {
  Owner owner;
  const int number = number_of(binder);
  owner.processes = {{number, name_of(binder, number)}};
  CgroupPlace place;
  if (const auto* found = place_of(binder)) place = *found;
  // If the cgroup id says nothing (as on cgroup v1), the process itself may.
  if (!tells_something(place.facts) || (!place.facts.in_kubepods && !cgroups_.is_unified())) {
    if (auto found = place_of_process(binder)) place = *std::move(found);
  }
  describe_place(place, owner);
  cgroups_.trim();
  const bool component = !place.facts.in_kubepods && runs_component(binder, names, owner.exe);
  owner.kind = kind_of_process(place.facts, component, names.node_components);
  names.pods.identify(owner);
  return owner;
}

// Unset: the process has ended.
std::optional<bool> BindResolver::may_bind_low_ports(const Binder& binder) {
  if (!is_alive(binder)) return std::nullopt;
  const auto own = node_.files->inode(fmt::format("proc/{}/ns/user", binder.process));
  const auto initial = node_.files->inode("proc/1/ns/user");
  // Capabilities in another user namespace do not apply here.
  if (own && initial && *own != *initial) return false;
  if (!node_.files->read(fmt::format("proc/{}/status", binder.process), text_)) {
    return std::nullopt;
  }
  constexpr std::string_view kLine = "\nCapEff:\t";
  const auto at = text_.find(kLine);
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(text_).substr(at + kLine.size());
  const auto rights = take_number<std::uint64_t>(rest, 16);
  if (!rights) return std::nullopt;
  return (*rights >> kNetBindService & 1U) != 0;
}

// An address that is only in the routing table `local` is the node's, too: an existing bind to it
// proves that.
bool BindResolver::is_missing_address(const IpAddress& address,
                                      const std::vector<Holder>& holders) {
  constexpr std::uint8_t kBroadcast = 255;
  const IpAddress wanted = address.unmapped();
  if (wanted.is_wildcard() || wanted.is_loopback() || wanted.is_multicast()) return false;
  if (wanted.family == AddressFamily::ipv4 && wanted.bytes[3] == kBroadcast) return false;
  const auto& here = probe_.addresses();
  if (here.empty() || contains(here, wanted, &Address::ip)) return false;
  return std::ranges::none_of(
      holders, [&](const Holder& holder) { return holder.socket.local.unmapped() == wanted; });
}

// Checks in the kernel's order: __inet_bind(), net/ipv4/af_inet.c.
std::string BindResolver::error_of(const BindEvent& event, const std::vector<Holder>& holders) {
  if (event.error == EPERM) return "EPERM";
  if (is_missing_address(event.address, holders)) return "EADDRNOTAVAIL";
  if (event.port < first_unprivileged(*node_.files)) {
    const auto may = may_bind_low_ports(event.binder);
    const bool could = may.value_or(event.binder.user == 0 && !holders.empty());
    if (!could) return "EACCES";
  }
  return "EADDRINUSE";
}

std::vector<Holder> BindResolver::holders_of(const BindEvent& event, const Names& names) {
  const SteadyTime now = node_.clock->steady();
  if (!probes_.has(now)) return {};
  probes_.take(now);
  const Bind wanted{.address = event.address};
  std::vector<Holder> holders;
  for (const bool every_state : {false, true}) {
    holders = probe_.holders({event.protocol, event.port, every_state}, names.node_components,
                             names.pods);
    std::erase_if(holders, [&](const Holder& holder) {
      return port_use(holder.socket) == PortUse::handshake ||
             overlap(event.protocol, wanted, bind_of(holder.socket, probe_.links())) == Overlap::no;
    });
    if (!holders.empty()) break;
  }
  std::ranges::sort(holders, {}, order_of);
  return holders;
}

void BindResolver::add_last_binder(const BindEvent& event, const Names& names,
                                   RefusedBind& refused) {
  if (!event.before) return;
  Holder holder;
  holder.socket.protocol = event.protocol;
  holder.socket.state = SocketState::close;
  holder.socket.local.family = event.address.family;
  holder.socket.local_port = event.port;
  holder.owner = owner_of(*event.before, names);
  names.pods.name(holder);
  refused.holders.push_back(std::move(holder));
  refused.gone_after = duration_cast<milliseconds>(node_.clock->steady() - event.binder.at);
}

WallTime BindResolver::wall_of(SteadyTime at) const {
  const auto age = node_.clock->steady() - at;
  return node_.clock->wall() - duration_cast<milliseconds>(age);
}

RefusedBind BindResolver::resolve(const BindEvent& event, SteadyTime first, std::uint64_t times,
                                  const Names& names) {
  RefusedBind refused{.protocol = event.protocol,
                      .port = event.port,
                      .address = event.address,
                      .process = event.binder.process,
                      .binder = owner_of(event.binder, names),
                      .first = wall_of(first),
                      .last = wall_of(event.binder.at),
                      .times = times,
                      .holders = holders_of(event, names)};
  if (const Pod* pod = names.pods.by_uid(refused.binder.pod_uid)) {
    refused.namespace_ = pod->namespace_;
    refused.pod = pod->name;
  }
  refused.error = error_of(event, refused.holders);
  if (refused.error != "EADDRINUSE") {
    refused.holders.clear();
  } else if (refused.holders.empty()) {
    add_last_binder(event, names, refused);
  }
  return refused;
}

}  // namespace hostnet
