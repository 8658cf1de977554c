// The part of Attribution that builds an Owner from the search results.

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "agent/ports/file_name.h"
#include "agent/ports/owners/attribution.h"
#include "agent/ports/owners/classify.h"
#include "agent/ports/owners/container_helpers.h"
#include "agent/ports/owners/kernel_socket.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kLongestExecutable = 512;

// A preforking server may share one socket among hundreds of processes.
constexpr std::size_t kMostProcesses = 64;

bool is_socket_unit(const CgroupPlace* place) {
  return place != nullptr && place->facts.container_runtime.empty() &&
         place->facts.unit.ends_with(".socket");
}

// systemd-machined's machines are containers or virtual machines; the latter run as processes of
// the host (systemd:src/vmspawn). Their scopes are named alike.
bool is_virtual_machine(const Owner& owner) {
  return owner.container_runtime == "systemd-nspawn" &&
         file_name(owner.exe).starts_with("qemu-system-");
}

bool tells_nothing(const CgroupPlace& place) {
  return place.path.empty() || (place.path.starts_with("/..") && place.facts == CgroupFacts{});
}

}  // namespace

const std::shared_ptr<const Owner>& Attribution::unknown_owner() {
  static const auto kUnknown = std::make_shared<const Owner>();
  return kUnknown;
}

const Result<ProcessStat>& Attribution::stat_of(int pid) {
  auto& process = processes_[pid];
  if (!process.stat) process.stat = read_process_stat(*node_.files, pid, text_);
  return *process.stat;
}

const CgroupPlace& Attribution::place_of(int pid) {
  auto& process = processes_[pid];
  if (!process.place) {
    std::size_t fingerprint = 0;
    process.place = cgroups_.of_process(pid, fingerprint);
    process.fingerprint = fingerprint;
  }
  return *process.place;
}

std::size_t Attribution::fingerprint_of(int pid) {
  auto& process = processes_[pid];
  if (!process.fingerprint) process.fingerprint = cgroups_.fingerprint_of(pid);
  return *process.fingerprint;
}

const std::string& Attribution::exe_of(int pid) {
  auto& process = processes_[pid];
  if (!process.exe) {
    process.exe = read_executable(*node_.files, pid);
    // Each of its sockets would have a copy. No program of a node has such a path.
    if (process.exe->size() > kLongestExecutable) process.exe->clear();
  }
  return *process.exe;
}

bool Attribution::runs_component(int pid) {
  auto& process = processes_[pid];
  if (!process.runs_component) {
    const std::string& exe = exe_of(pid);
    process.runs_component = names_executable(options_.node_components, exe) &&
                             runs_roots_own_program(*node_.files, pid, exe, text_);
  }
  return *process.runs_component;
}

bool Attribution::is_launcher(int pid) {
  return pid == 1 || place_of(pid).path.ends_with("/init.scope");
}

int Attribution::own_pid() {
  if (!own_pid_) {
    // The pid as procfs numbers it, which may be in another PID namespace.
    int pid = node_.identity.pid;
    if (const auto self = node_.files->link("proc/self")) {
      pid = parse_number<int>(*self).value_or(pid);
    }
    own_pid_ = pid;
  }
  return *own_pid_;
}

// Equal owners share one object as long as it is referenced.
void Attribution::set_owner(Entry& entry, Owner owner) {
  auto shared = owners_.share(std::move(owner));
  if (shared == entry.owner) return;
  entry.owner = std::move(shared);
  ++revision_;
}

// The owner that the holding processes show; the first of them counts.
Owner Attribution::owner_by(const Entry& entry, const CgroupPlace* made_in) {
  Owner owner;
  for (const SocketUse& use : entry.uses) {
    const auto& stat = stat_of(use.pid);
    owner.processes.push_back({use.pid, stat ? stat->comm : std::string{}});
    owner.self = owner.self || use.pid == own_pid();
  }
  const int pid = entry.uses.front().pid;
  const CgroupPlace& place = place_of(pid);
  // The current cgroup of the process takes precedence over the one in which it created the socket.
  const CgroupPlace& home = tells_nothing(place) && made_in != nullptr ? *made_in : place;
  describe_place(home, owner);
  owner.exe = exe_of(pid);
  owner.runs_component = names_executable(options_.node_components, owner.exe);
  owner.kind = kind_of_process(home.facts, runs_component(pid), options_.node_components);
  if (is_virtual_machine(owner)) {
    owner.kind = HolderKind::unmanaged_process;
    owner.container_runtime.clear();
    owner.container_id.clear();
  }
  if (is_socket_unit(made_in)) {
    name_the_socket_unit(*made_in, owner, is_launcher(pid));
  } else {
    name_the_container_served(entry.socket, home, owner);
  }
  return owner;
}

// False if all these processes are gone.
bool Attribution::own_by_processes(Entry& entry) {
  std::erase_if(entry.uses, [&](const SocketUse& use) {
    const auto& stat = stat_of(use.pid);
    return !stat && stat.error().reason == Reason::vanished;
  });
  if (entry.uses.empty()) return false;

  const CgroupPlace* made_in = cgroups_.of_id(entry.socket.cgroup_id);
  const auto rank = [&](const SocketUse& use) {
    const bool elsewhere = made_in == nullptr || place_of(use.pid).path != made_in->path;
    return std::tuple(is_launcher(use.pid), elsewhere, use.pid);
  };
  if (entry.uses.size() > 1) std::ranges::sort(entry.uses, {}, rank);
  if (entry.uses.size() > kMostProcesses) entry.uses.resize(kMostProcesses);

  set_owner(entry, owner_by(entry, made_in));
  const int pid = entry.uses.front().pid;
  const auto& stat = stat_of(pid);
  entry.primary = stat ? stat_fingerprint(*stat) : 0;
  entry.primary_cgroup = processes_[pid].fingerprint.value_or(0);
  return true;
}

// Whether a service started it, and it is in the agent's own network namespace.
bool Attribution::is_daemon(int pid) {
  const auto& stat = stat_of(pid);
  const auto network = node_.files->inode(fmt::format("proc/{}/ns/net", pid));
  if (!stat || !network || node_.identity.own_net_namespace != *network) return false;
  return stat->parent == 1 || place_of(stat->parent).facts.unit == place_of(pid).facts.unit;
}

// A process that holds a port for a container is reported as that container.
void Attribution::name_the_container_served(const Socket& socket, const CgroupPlace& home,
                                            Owner& owner) {
  const bool component = owner.kind == HolderKind::node_component;
  if (!component && owner.kind != HolderKind::unmanaged_process) return;
  const bool of_user = owner.user.has_value() || socket.uid != 0;
  const auto helper = container_helper(owner.exe, owner.unit, of_user, socket);
  if (!helper || (component && !helper->runtimes_own)) return;
  if (helper->in_containers_network && is_daemon(owner.processes.front().pid)) return;
  owner.kind = HolderKind::unmanaged_container;
  owner.container_runtime = helper->runtime;
  if (helper->runtime == "podman") owner.container_id = cgroups_.container_beside(home);
  if (!owner.user && socket.uid != 0 && !helper->in_containers_network) owner.user = socket.uid;
}

// systemd creates a .socket unit's sockets in its cgroup, whichever process serves them; they stay
// open when a container that serves them ends.
void Attribution::name_the_socket_unit(const CgroupPlace& made_in, Owner& owner, bool idle) const {
  if (owner.kind == HolderKind::pod) return;
  if (!idle && owner.unit != made_in.facts.unit) owner.unit_service = owner.unit;
  if (idle || owner.kind == HolderKind::unmanaged_container) {
    owner.kind = kind_of_cgroup(made_in.facts, options_.node_components);
    owner.cgroup = made_in.path.substr(0, kLongestCgroup);
    owner.container_runtime.clear();
    owner.container_id.clear();
  }
  owner.unit = made_in.facts.unit;
  owner.user = made_in.facts.user;
}

void Attribution::own_without_processes(Entry& entry, bool searched_everywhere) {
  Owner owner;
  const Socket& socket = entry.socket;
  const bool nobody_has_it =
      searched_everywhere && !entry.denied && !entry.hidden && view_ == ProcfsView::every_process;
  // A tunnel's socket has the cgroup of the process that created the device. WireGuard's socket
  // stays behind when a device is moved to another namespace: so its port alone proves nothing.
  const Link* tunnel = tunnel_of(socket, links_);
  if (tunnel != nullptr && (tunnel->kind != "wireguard" || nobody_has_it)) {
    owner.kind = HolderKind::kernel;
    set_owner(entry, std::move(owner));
    return;
  }
  if (!searched_everywhere && entry.fruitless > 0 && entry.owner->processes.empty()) {
    return;  // nothing new since the last full scan
  }
  const CgroupPlace* made_in = cgroups_.of_id(socket.cgroup_id);
  if (nobody_has_it && socket.uid == 0 &&
      (is_of_kernel_service(socket) || (made_in == nullptr && socket.cgroup_id.value_or(1) <= 1))) {
    owner.kind = HolderKind::kernel;
  } else if (made_in != nullptr) {
    describe_place(*made_in, owner);
    owner.kind = kind_of_cgroup(made_in->facts, options_.node_components);
  }
  set_owner(entry, std::move(owner));
}

}  // namespace hostnet
