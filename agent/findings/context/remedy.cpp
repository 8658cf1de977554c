#include "agent/findings/context/remedy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/findings/context/overlap.h"
#include "agent/ports/file_name.h"
#include "agent/ports/port_ranges.h"
#include "netlink/base/ascii.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

bool is_ssh_server(std::string_view program) {
  static constexpr std::array<std::string_view, 5> kPrograms{"sshd", "sshd-session", "dropbear",
                                                             "dropbearmulti", "tinysshd"};
  return contains(kPrograms, program);
}

bool is_somebodys_way_in(const Owner& owner) {
  if (is_ssh_server(file_name(owner.exe))) return true;
  const bool of_socket_unit = owner.unit.ends_with(".socket");  // pid 1 holds those, too
  return std::ranges::any_of(owner.processes, [&](const Process& process) {
    return (process.pid == 1 && !of_socket_unit) || is_ssh_server(process.comm);
  });
}

// RKE and kubespray run kubelet and etcd in Docker. dockerd itself holds ports for containers.
bool is_a_component_in_a_container(const Owner& owner) {
  return owner.runs_component && !owner.container_id.empty();
}

// Never stopped to free a port: the node, its network, remote access, starters of other processes.
bool keeps_the_node_reachable(const Owner& owner) {
  static constexpr auto kUnits = std::to_array<std::string_view>(
      {"init.scope", "ssh.service", "sshd.service", "ssh.socket", "sshd.socket", "dropbear.service",
       "dropbear.socket", "tinysshd.socket", "tailscaled.service", "teleport.service",
       "netbird.service", "zerotier-one.service", "nebula.service", "cloudflared.service",
       "strongswan.service", "strongswan-starter.service", "ipsec.service",
       "amazon-ssm-agent.service", "google-guest-agent.service", "walinuxagent.service",
       "waagent.service", "dbus.service", "dbus.socket", "dbus-broker.service",
       "networking.service", "network.service", "NetworkManager.service", "connman.service",
       "wpa_supplicant.service", "dhcpcd.service", "frr.service", "quagga.service", "bird.service",
       "bird6.service", "gobgpd.service", "exabgp.service", "netclient.service", "warp-svc.service",
       "node-problem-detector.service",
       // A member that leaves is fenced: the others switch the node off.
       "corosync.service", "pacemaker.service", "pacemaker_remote.service",
       // On control planes with several nodes (kubeadm:docs/ha-considerations.md)
       "haproxy.service", "keepalived.service",
       // The processes that they started would keep running.
       "cron.service", "crond.service", "cronie.service", "atd.service"});
  static constexpr auto kPrefixes = std::to_array<std::string_view>(
      {"user@", "session-", "ssh@", "sshd@", "dropbear@", "systemd-", "getty@", "serial-getty@",
       "wg-quick@", "openvpn", "ifup@", "dhcpcd@", "dhclient@", "wicked", "wpa_supplicant@",
       "snap.tailscale.", "snap.amazon-ssm-agent."});
  const auto is_named = [](std::string_view unit) {
    return contains(kUnits, unit) ||
           std::ranges::any_of(kPrefixes, [&](auto prefix) { return unit.starts_with(prefix); });
  };
  if (is_named(owner.unit) || is_named(owner.unit_service)) return true;
  // systemd itself holds the socket of a socket unit that is not activated yet.
  const bool idle = owner.unit.ends_with(".socket") && owner.unit_service.empty();
  if (idle) return false;
  return file_name(owner.exe) == "systemd" || is_somebodys_way_in(owner);
}

bool can_be_stopped_as_a_unit(std::string_view unit) {
  return unit.ends_with(".service") || unit.ends_with(".socket");
}

std::string inspect_command(const Holder& holder, const DeclaredPort& port) {
  const Owner& owner = holder.owner;
  const std::string_view protocol = port.protocol == Protocol::udp ? "u" : "t";
  if (can_be_stopped_as_a_unit(owner.unit) && !owner.user) {
    return fmt::format("systemctl status {}", shell_word(owner.unit));
  }
  if (!owner.processes.empty() && owner.processes.front().pid != 1) {
    return fmt::format("ps -o pid,ppid,user,args -p {}", owner.processes.front().pid);
  }
  const std::string_view listening = port_use(holder.socket) == PortUse::bound ? "l" : "a";
  return fmt::format("ss -{}{}np 'sport = :{}'", protocol, listening, port.port);
}

// A user's units belong to that user's manager. Stopping only a socket unit leaves its service up.
std::string stop_unit(const Owner& owner) {
  const std::string user =
      owner.user ? fmt::format("sudo -u '#{0}' XDG_RUNTIME_DIR=/run/user/{0} ", *owner.user) : "";
  const std::string service =
      owner.unit_service.empty() ? "" : " " + shell_word(owner.unit_service);
  return fmt::format("{}systemctl {}stop {}{}", user, user.empty() ? "" : "--user ",
                     shell_word(owner.unit), service);
}

// Daemons that should be reconfigured rather than stopped: for their own ports, for the DNS and
// DHCP server of a network of theirs, which outlives them, and for virtual machines
// (libvirt:src/network/bridge_driver.c, incus:internal/server/network/driver_bridge.go,
// doc/howto/server_expose.md).
std::string against_daemon(const Owner& owner) {
  struct Row {
    std::string_view file, unit, remedy;  // file: prefix of the name
  };
  static constexpr std::string_view kLibvirt =
      "stop the network that virsh net-list shows (virsh net-destroy NAME)";
  static constexpr std::string_view kLibvirtMachine =
      "stop the virtual machine whose port it is (virsh list, then virsh shutdown NAME)";
  static constexpr std::string_view kLxcNetwork =
      "set dns.mode=none on the network that lxc network list shows";
  static constexpr std::string_view kLxcMachine =
      "stop the virtual machine whose port it is (lxc list, then lxc stop INSTANCE)";
  static constexpr std::string_view kLxcServer =
      "unset or move the address that lxc config show has for it (lxc config unset "
      "core.https_address)";
  static constexpr auto kRows = std::to_array<Row>({
      {"dnsmasq", "libvirtd.service", kLibvirt},
      {"dnsmasq", "virtnetworkd.service", kLibvirt},
      {"passt", "libvirtd.service", kLibvirtMachine},
      {"passt", "virtqemud.service", kLibvirtMachine},
      {"qemu-system-", "snap.multipass.multipassd.service",
       "stop the virtual machine whose port it is (multipass list, then multipass stop NAME)"},
      {"dnsmasq", "incus.service",
       "set dns.mode=none on the network that incus network list shows"},
      {"dnsmasq", "lxd.service", kLxcNetwork},
      {"dnsmasq", "snap.lxd.daemon.service", kLxcNetwork},
      {"incusd", "incus.service",
       "unset or move the address that incus config show has for it (incus config unset "
       "core.https_address)"},
      {"lxd", "lxd.service", kLxcServer},
      {"lxd", "snap.lxd.daemon.service", kLxcServer},
      {"qemu-system-", "incus.service",
       "stop the virtual machine whose port it is (incus list, then incus stop INSTANCE)"},
      {"qemu-system-", "lxd.service", kLxcMachine},
      {"qemu-system-", "snap.lxd.daemon.service", kLxcMachine},
  });
  const auto* const row = std::ranges::find_if(kRows, [&](const Row& one) {
    return one.unit == owner.unit && file_name(owner.exe).starts_with(one.file);
  });
  return row == kRows.end() ? "" : std::string(row->remedy);
}

// NFS clients use the ports from min_resvport to max_resvport: most of them stay available
// (ltsp/ltsp#875; kernel:net/sunrpc/xprtsock.c, include/linux/sunrpc/xprtsock.h).
std::string leave_out_of_nfs_ports(std::uint16_t port) {
  constexpr int kDefaultMiddle = (665 + 1023) / 2;
  return port > kDefaultMiddle ? fmt::format("sunrpc.max_resvport={}", port - 1)
                               : fmt::format("sunrpc.min_resvport={}", port + 1);
}

std::string against_kernel(const Holder& holder) {
  constexpr std::uint16_t kNfs = 2049;
  constexpr std::uint16_t kFirstUnprivileged = 1024;
  const Socket& socket = holder.socket;
  if (socket.peer_port == kNfs && socket.local_port < kFirstUnprivileged) {
    return fmt::format(
        "sysctl -w {} before the next mount, or change the pod's port: a mounted NFS uses this one",
        leave_out_of_nfs_ports(socket.local_port));
  }
  if (holder.device.empty()) return "change the pod's port: the kernel itself uses this one";
  return fmt::format("ip -d link show {}, and change the pod's port or the device's",
                     shell_word(holder.device));
}

}  // namespace

std::string shell_word(std::string_view word) {
  const bool plain =
      !word.empty() && word.front() != '-' && std::ranges::all_of(word, [](char letter) {
        return is_alphanumeric(letter) || std::string_view("@%_+=:,./-").contains(letter);
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
  constexpr std::string_view kOrMove = ", or change the pod's port";
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
      if (is_somebodys_way_in(owner) || is_a_component_in_a_container(owner)) break;
      if (const auto stop = stop_container(owner, port.port); !stop.empty()) {
        return stop + std::string(kOrMove);
      }
      break;
    case HolderKind::unmanaged_process:
      if (const auto command = against_daemon(owner); !command.empty()) {
        return command + std::string(kOrMove);
      }
      if (keeps_the_node_reachable(owner) || !can_be_stopped_as_a_unit(owner.unit)) break;
      return stop_unit(owner) + std::string(kOrMove);
  }
  if (owner.unit == "systemd-resolved.service" && port.port == 53) {
    return "set DNSStubListener=no in /etc/systemd/resolved.conf and restart systemd-resolved" +
           std::string(kOrMove);
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
