#include "agent/findings/context/words.h"

#include <fmt/format.h>

#include "agent/findings/context/overlap.h"

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
  if (holder.owner.pod_uid.empty()) return "an unknown pod";
  return "an unknown pod, UID " + holder.owner.pod_uid;
}

std::string process_words(const Holder& holder) {
  if (!holder.owner.unit.empty()) return with_process(holder.owner.unit, holder);
  if (!holder.owner.processes.empty()) {
    const Process& process = holder.owner.processes.front();
    return fmt::format("{} (pid {})", process.comm, process.pid);
  }
  return holder.name.empty() ? "an unknown process" : holder.name;
}

std::string endpoint(const IpAddress& address, std::uint16_t port, std::string_view device) {
  const std::string zone = device.empty() ? "" : fmt::format("%{}", device);
  if (address.family == AddressFamily::ipv6) {
    return fmt::format("[{}{}]:{}", address.to_string(), zone, port);
  }
  return fmt::format("{}{}:{}", address.to_string(), zone, port);
}

}  // namespace

std::string_view short_id(const Owner& owner) {
  constexpr std::size_t kIdLength = 64;
  constexpr std::size_t kShortId = 12;
  const std::string_view id = owner.container_id;
  return id.size() == kIdLength ? id.substr(0, kShortId) : id;
}

std::string who(const Holder& holder) {
  switch (holder.owner.kind) {
    case HolderKind::pod: return with_process(pod_words(holder), holder);
    case HolderKind::unmanaged_container: {
      const Owner& owner = holder.owner;
      const auto user = owner.user ? fmt::format(" of uid {}", *owner.user) : std::string();
      const std::string& runtime = owner.container_runtime;
      if (owner.container_id.empty()) {  // a helper process next to it: docker-proxy
        return with_process(fmt::format("a container of {}{}", runtime, user), holder);
      }
      return with_process(fmt::format("{} container {}{}", runtime, short_id(owner), user), holder);
    }
    case HolderKind::kernel: {
      const auto& name = holder.device.empty() ? holder.name : holder.device;
      return name.empty() ? "the kernel" : fmt::format("the kernel ({})", name);
    }
    case HolderKind::nat_rule: return "NAT rule " + holder.rule;
    case HolderKind::unknown:
      return fmt::format("unknown owner (socket inode {})", holder.socket.inode);
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
  if (port_use(socket) == PortUse::connected) {
    return fmt::format("has a connection from {} to {}", here,
                       endpoint(socket.peer, socket.peer_port, ""));
  }
  return (socket.state == SocketState::listen ? "listens on " : "has bound ") + here;
}

std::string describe_holder(const Holder& holder) {
  const Socket& socket = holder.socket;
  if (port_use(socket) != PortUse::time_wait) return who(holder) + " " + what_it_does(holder);
  return fmt::format("a connection from {} to {} is in TIME_WAIT", where(socket, holder.device),
                     endpoint(socket.peer, socket.peer_port, ""));
}

std::string port_name(const PortKey& key) {
  return fmt::format("{}/{}", key.second, to_string(key.first));
}

std::string port_name(const DeclaredPort& port) {
  return port_name({port.protocol, port.port});
}

std::string declarer(const DeclaredPort& port) {
  return fmt::format("{}/{} (container {})", port.namespace_, port.pod, port.container);
}

}  // namespace hostnet
