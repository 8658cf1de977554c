#include "agent/findings/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace hostnet {
namespace {

std::string first_process(const Owner& owner) {
  if (owner.processes.empty()) return "";
  const Process& process = owner.processes.front();
  return fmt::format("{}, pid {}", process.comm, process.pid);
}

std::string with_process(std::string text, const Holder& holder) {
  const std::string process = first_process(holder.owner);
  return process.empty() ? text : fmt::format("{} ({})", text, process);
}

std::string pod_words(const Holder& holder) {
  if (!holder.pod.empty()) return fmt::format("pod {}/{}", holder.namespace_, holder.pod);
  if (holder.owner.pod_uid.empty()) return "a pod that is not known";
  return "a pod that is not known, UID " + holder.owner.pod_uid;
}

std::string process_words(const Holder& holder) {
  if (!holder.owner.unit.empty()) return with_process(holder.owner.unit, holder);
  if (!holder.owner.processes.empty()) {
    const Process& process = holder.owner.processes.front();
    return fmt::format("{} (pid {})", process.comm, process.pid);
  }
  return holder.name.empty() ? "a process that is not known" : holder.name;
}

std::string endpoint(const IpAddress& address, std::uint16_t port, std::string_view device) {
  const std::string zone = device.empty() ? "" : fmt::format("%{}", device);
  if (address.family == AddressFamily::ipv6) {
    return fmt::format("[{}{}]:{}", address.to_string(), zone, port);
  }
  return fmt::format("{}{}:{}", address.to_string(), zone, port);
}

}  // namespace

std::string who(const Holder& holder) {
  switch (holder.owner.kind) {
    case HolderKind::pod: return with_process(pod_words(holder), holder);
    case HolderKind::unmanaged_container: {
      const auto& runtime = holder.owner.container_runtime;
      const auto id = holder.owner.container_id.substr(0, 12);
      if (id.empty()) break;  // a process beside it: docker-proxy
      const auto name = fmt::format("{}{}container {}", runtime, runtime.empty() ? "" : " ", id);
      return with_process(name, holder);
    }
    case HolderKind::kernel: {
      const auto& name = holder.device.empty() ? holder.name : holder.device;
      return name.empty() ? "the kernel" : fmt::format("the kernel ({})", name);
    }
    case HolderKind::nat_rule: return "NAT rule " + holder.rule;
    case HolderKind::unknown:
      return fmt::format("an owner that no process shows (socket inode {})", holder.socket.inode);
    case HolderKind::node_component:
    case HolderKind::unmanaged_process: break;
  }
  return process_words(holder);
}

std::string where(const Socket& socket, std::string_view device) {
  return endpoint(socket.local, socket.local_port, socket.interface == 0 ? "" : device);
}

std::string what_it_does(const Holder& holder) {
  const Socket& socket = holder.socket;
  const std::string here = where(socket, holder.device);
  const std::string peer = endpoint(socket.peer, socket.peer_port, "");
  switch (port_use(socket)) {
    case PortUse::connected: return fmt::format("has a connection from {} to {}", here, peer);
    case PortUse::time_wait:
      return fmt::format("closed a connection from {} to {} that the kernel still remembers", here,
                         peer);
    case PortUse::bound:
    case PortUse::handshake: break;
  }
  if (socket.state == SocketState::listen) return "listens on " + here;
  return "has bound " + here;
}

std::string port_name(const DeclaredPort& port) {
  return fmt::format("{}/{}", port.port, to_string(port.protocol));
}

std::string declarer(const DeclaredPort& port) {
  return fmt::format("{}/{} (container {})", port.namespace_, port.pod, port.container);
}

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
