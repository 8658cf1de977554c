#include "agent/findings/context/remedy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "agent/findings/context/overlap.h"
#include "agent/ports/port_ranges.h"

namespace hostnet {
namespace {

// What nobody stops to get a port back: the node, its network, the way in.
bool keeps_the_node_reachable(const Owner& owner) {
  static constexpr std::array<std::string_view, 10> kUnits{
      "init.scope",         "ssh.service",           "sshd.service", "ssh.socket",
      "sshd.socket",        "dbus.service",          "dbus.socket",  "dbus-broker.service",
      "networking.service", "NetworkManager.service"};
  static constexpr std::array<std::string_view, 7> kPrefixes{
      "user@", "session-", "ssh@", "sshd@", "systemd-", "getty@", "serial-getty@"};
  const std::string_view unit = owner.unit;
  if (std::ranges::find(kUnits, unit) != kUnits.end()) return true;
  const bool a_container = unit.starts_with("systemd-nspawn");
  if (!a_container &&
      std::ranges::any_of(kPrefixes, [&](auto prefix) { return unit.starts_with(prefix); })) {
    return true;
  }
  const std::string_view exe = owner.exe;
  // systemd holds the sockets of .socket units for them.
  if (unit.ends_with(".socket")) return false;
  if (const auto name = exe.substr(exe.rfind('/') + 1); name == "sshd" || name == "systemd") {
    return true;
  }
  return std::ranges::any_of(owner.processes, [](const Process& process) {
    return process.pid == 1 || process.comm == "sshd";
  });
}

bool can_be_stopped_as_a_unit(std::string_view unit) {
  return unit.ends_with(".service") || unit.ends_with(".socket");
}

// Whose manager or runtime it is: below a user's own manager, or its slice.
std::string_view user_of(const Owner& owner) {
  for (const std::string_view before : {"/user@", "/user-"}) {
    const auto at = owner.cgroup.find(before);
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(owner.cgroup).substr(at + before.size());
    return rest.substr(0, rest.find('.'));
  }
  return "";
}

std::string inspect_command(const Holder& holder, const DeclaredPort& port) {
  const Owner& owner = holder.owner;
  const std::string_view protocol = port.protocol == Protocol::udp ? "u" : "t";
  if (can_be_stopped_as_a_unit(owner.unit)) {
    const std::string_view user = user_of(owner);
    return fmt::format("systemctl {}status {}",
                       user.empty() ? "" : fmt::format("--user -M {}@ ", user),
                       shell_word(owner.unit));
  }
  if (!owner.processes.empty() && owner.processes.front().pid != 1) {
    return fmt::format("ps -o pid,ppid,user,args -p {}", owner.processes.front().pid);
  }
  const std::string_view listening = port_use(holder.socket) == PortUse::bound ? "l" : "a";
  return fmt::format("ss -{}{}np 'sport = :{}'", protocol, listening, port.port);
}

bool is_container_id(std::string_view id) {
  return id.size() >= 12 &&
         std::ranges::all_of(id, [](unsigned char digit) { return std::isxdigit(digit) != 0; });
}

std::string systemctl_stop(const Owner& owner) {
  const std::string_view user = user_of(owner);
  if (user.empty()) return "systemctl stop " + shell_word(owner.unit);
  return fmt::format("systemctl --user -M {}@ stop {}", user, shell_word(owner.unit));
}

std::string stop_container(const Holder& holder, const DeclaredPort& port) {
  const Owner& owner = holder.owner;
  const std::string_view runtime = owner.container_runtime;
  const std::string_view user = user_of(owner);
  const std::string as = user.empty() ? "" : fmt::format("sudo -u '#{}' ", user);
  const std::string_view id = owner.container_id;
  if (id.empty() && runtime == "docker") {
    return fmt::format("stop the container that {}docker ps --filter publish={} shows", as,
                       port.port);
  }
  if (id.empty() && runtime == "podman") {
    return fmt::format("stop the container that {}podman port --all shows for {}", as, port.port);
  }
  if (id.empty()) return inspect_command(holder, port);
  if (runtime == "lxc" || runtime == "lxd") return "lxc stop " + shell_word(id);
  if (runtime == "incus") return "incus stop " + shell_word(id);
  if (runtime == "systemd-nspawn") return "machinectl terminate " + shell_word(id);
  if (!is_container_id(id)) return inspect_command(holder, port);
  const std::string_view shown = id.substr(0, 12);
  if (runtime == "docker" || runtime == "podman") {
    return fmt::format("{}{} stop {}", as, runtime, shown);
  }
  if (runtime == "containerd" || runtime == "nerdctl") {
    return fmt::format("{}nerdctl stop {}", as, shown);
  }
  return inspect_command(holder, port);
}

std::string against_kernel(const Holder& holder) {
  if (holder.device.empty()) return "change the pod's port: the kernel itself uses this one";
  return fmt::format("ip -d link show {}, and change the pod's port or the device's",
                     shell_word(holder.device));
}

}  // namespace

std::string shell_word(std::string_view word) {
  const bool plain =
      !word.empty() && word.front() != '-' && std::ranges::all_of(word, [](unsigned char letter) {
        return std::isalnum(letter) != 0 ||
               std::string_view("@%_+=:,./-").find(static_cast<char>(letter)) !=
                   std::string_view::npos;
      });
  if (plain) return std::string(word);
  std::string quoted = "'";
  for (const char letter : word) {
    if (letter == '\'') {
      quoted += R"('\'')";
    } else {
      quoted += letter;
    }
  }
  return quoted + "'";
}

std::string remedy_against(const Holder& holder, const DeclaredPort& port) {
  constexpr std::string_view kOrChange = ", or change the pod's port";
  const Owner& owner = holder.owner;
  switch (owner.kind) {
    case HolderKind::node_component:
      return fmt::format("change the pod's port; inspect with: {}", inspect_command(holder, port));
    case HolderKind::pod:
      if (holder.pod.empty()) {
        return fmt::format("change the pod's port; inspect with: {}",
                           inspect_command(holder, port));
      }
      return fmt::format("kubectl -n {} describe pod {}, and change one pod's port",
                         shell_word(holder.namespace_), shell_word(holder.pod));
    case HolderKind::kernel: return against_kernel(holder);
    case HolderKind::unknown:
    case HolderKind::nat_rule: return inspect_command(holder, port);
    case HolderKind::unmanaged_container:
      if (keeps_the_node_reachable(owner)) break;
      return stop_container(holder, port) + std::string(kOrChange);
    case HolderKind::unmanaged_process:
      if (keeps_the_node_reachable(owner) || !can_be_stopped_as_a_unit(owner.unit)) break;
      return systemctl_stop(owner) + std::string(kOrChange);
  }
  if (owner.unit == "systemd-resolved.service" && port.port == 53) {
    return "set DNSStubListener=no in /etc/systemd/resolved.conf and restart systemd-resolved" +
           std::string(kOrChange);
  }
  return fmt::format("change the pod's port; inspect with: {}", inspect_command(holder, port));
}

std::string reserve_command(const FindingContext& context) {
  std::vector<PortRange> ranges = context.table.ranges.reserved;
  for (const auto& [key, declarations] : context.declared) {
    if (context.table.ranges.ephemeral.contains(key.second)) {
      ranges.push_back({key.second, key.second});
    }
  }
  return "sysctl -w net.ipv4.ip_local_reserved_ports=" + port_list(std::move(ranges));
}

}  // namespace hostnet
