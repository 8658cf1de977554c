// Commands that stop a container outside Kubernetes, by its runtime.

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "agent/findings/context/remedy.h"
#include "agent/findings/context/words.h"
#include "agent/ports/file_name.h"

namespace hostnet {
namespace {

struct Runtime {
  std::string_view name;
  std::string_view stop;  // its stop command, followed by the id or name; "" none
  std::string_view list;  // lists the container that publishes a port, {} is the port; "" none
};

constexpr std::array<Runtime, 10> kRuntimes{{
    {"docker", "docker stop", "docker ps --filter publish={}"},
    {"podman", "podman stop", "podman port --all"},
    {"nerdctl", "nerdctl stop", "nerdctl ps"},
    {"containerd", "nerdctl stop", ""},
    {"lxc", "lxc-stop -n", ""},
    {"libvirt-lxc", "virsh -c lxc:/// shutdown", ""},
    {"systemd-nspawn", "machinectl poweroff", ""},
    {"buildah", "", "buildah containers"},
    {"runc", "runc kill", ""},
    {"crun", "crun kill", ""},
}};

// A rootless runtime only answers its own user.
std::string as_its_user(const Owner& owner) {
  if (!owner.user) return "";
  return fmt::format("sudo -u '#{0}' XDG_RUNTIME_DIR=/run/user/{0} ", *owner.user);
}

// A swarm's services are published by dockerd itself, and no container shows their ports
// (moby:libnetwork/service_linux.go).
std::string or_service(const Owner& owner) {
  return file_name(owner.exe) == "dockerd"
             ? " or, in a swarm, remove the port from the service that docker service ls shows"
             : "";
}

// containerd identifies containers per namespace: "/<namespace>/<container>".
std::string in_namespace(const Owner& owner) {
  const std::string_view path = owner.cgroup;
  const std::size_t slash = path.find('/', 1);
  if (owner.container_runtime != "containerd" || !path.starts_with('/') ||
      slash == std::string_view::npos || path.substr(slash + 1) != owner.container_id) {
    return "";
  }
  return fmt::format(" --namespace {}", shell_word(path.substr(1, slash - 1)));
}

std::string stop_command(const Runtime& runtime, const Owner& owner) {
  std::string command(runtime.stop);
  if (const std::string where = in_namespace(owner); !where.empty()) {
    command = "nerdctl" + where + " stop";
  }
  std::string text =
      fmt::format("{}{} {}", as_its_user(owner), command, shell_word(short_id(owner)));
  if (runtime.name == "lxc") text += " (with LXD lxc stop, with Incus incus stop)";
  return text;
}

}  // namespace

std::string stop_container(const Owner& owner, std::uint16_t port) {
  for (const Runtime& runtime : kRuntimes) {
    if (owner.container_runtime != runtime.name) continue;
    if (!owner.container_id.empty() && !runtime.stop.empty()) return stop_command(runtime, owner);
    if (runtime.list.empty()) break;
    return fmt::format("stop the container that {}{} shows{}", as_its_user(owner),
                       fmt::format(fmt::runtime(runtime.list), port), or_service(owner));
  }
  if (owner.container_runtime == "buildkit") return "wait until the build of an image has ended";
  // Their proxies are devices of instances: no command lists them by port.
  const bool is_lxd = owner.container_runtime == "lxd";
  if (!is_lxd && owner.container_runtime != "incus") return "";
  const std::string_view tool = is_lxd ? "lxc" : "incus";
  return fmt::format(
      "remove the instance's proxy device that listens on {} ({} list, then {} config device show "
      "INSTANCE)",
      port, tool, tool);
}

}  // namespace hostnet
