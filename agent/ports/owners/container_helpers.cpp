#include "agent/ports/owners/container_helpers.h"

#include <algorithm>
#include <array>

#include "agent/ports/file_name.h"
#include "agent/ports/owners/name_pattern.h"

namespace hostnet {
namespace {

struct Row {
  std::string_view file;  // name_pattern.h
  std::string_view unit;  // name_pattern.h; "" any
  std::string_view runtime;
  bool of_user = false;                // root's are not helpers
  bool runtimes_own = false;           // see ContainerHelper
  bool in_containers_network = false;  // see ContainerHelper
};

// The first match decides.
constexpr std::array kRows{
    // moby: cmd/docker-proxy; since version 28 dockerd itself if there is no proxy
    Row{"docker-proxy", "", "docker", false, true},
    Row{"rootlesskit-docker-proxy", "", "docker", true, true},
    Row{"dockerd", "", "docker", false, true},
    // The networks of rootless runtimes: rootlesskit, moby:contrib/dockerd-rootless.sh,
    // nerdctl:extras/rootless/containerd-rootless.sh; k3s' is one service
    Row{"*", "k3s-rootless.service", ""},
    Row{"rootlesskit", "docker.service", "docker", true},
    Row{"rootlesskit", "containerd.service", "nerdctl", true},
    Row{"rootlesskit", "", ""},
    Row{"slirp4netns", "docker.service", "docker", true},
    Row{"pasta*", "docker.service", "docker", true},
    Row{"passt*", "docker.service", "docker", true},
    Row{"vpnkit", "docker.service", "docker", true},
    Row{"slirp4netns", "containerd.service", "nerdctl", true},
    Row{"pasta*", "containerd.service", "nerdctl", true},
    Row{"passt*", "containerd.service", "nerdctl", true},
    // The networks of virtual machines: libvirt:src/qemu/qemu_passt.c
    Row{"passt*", "machine-qemu*.scope", ""},
    Row{"passt*", "virtqemud.service", ""},
    Row{"passt*", "libvirtd.service", ""},
    // podman: libpod/networking_rootlessport_*.go, networking_slirp4netns.go, networking_pasta_*.go
    Row{"rootlessport", "", "podman"},
    Row{"slirp4netns", "", "podman", true},
    Row{"pasta*", "", "podman", true},
    Row{"passt*", "", "podman", true},
    Row{"podman", "", "podman", true},  // version 1 has rootlessport built in
    Row{"conmon", "", "podman"},  // holds published ports; CRI-O's is recognized by its cgroup
    Row{"conmonrs", "", "podman"},
    Row{"aardvark-dns", "", "podman"},
    // lxd: lxd/main_forkproxy.go, incus: cmd/incusd/main_forkproxy.go: an instance's "proxy" device
    // is a process of the daemon's executable, in the network to which it connects
    Row{"lxd", "", "lxd", false, false, true},
    Row{"incusd", "", "incus", false, false, true},
};

struct OwnPort {
  std::string_view file;
  std::uint16_t port;
};

// The daemons' own ports: dockerd's API (4243 in old versions), swarm and metrics
// (moby:cmd/dockerd, docs.docker.com/engine/swarm), LXD's and Incus' API and metrics
// (doc/howto/server_expose.md).
constexpr std::array kOwnPorts{OwnPort{"dockerd", 2375}, OwnPort{"dockerd", 2376},
                               OwnPort{"dockerd", 2377}, OwnPort{"dockerd", 4243},
                               OwnPort{"dockerd", 7946}, OwnPort{"dockerd", 9323},
                               OwnPort{"lxd", 8443},     OwnPort{"lxd", 8444},
                               OwnPort{"incusd", 8443},  OwnPort{"incusd", 8444}};

bool is_daemons_own(std::string_view file, const Socket& socket) {
  const auto is_of_it = [&](const OwnPort& own) { return own.file == file; };
  if (!socket.is_server()) return std::ranges::any_of(kOwnPorts, is_of_it);
  return std::ranges::any_of(kOwnPorts, [&](const OwnPort& own) {
    return is_of_it(own) && own.port == socket.local_port;
  });
}

}  // namespace

std::optional<ContainerHelper> container_helper(std::string_view exe, std::string_view unit,
                                                bool of_user, const Socket& socket) {
  const std::string_view file = file_name(exe);
  for (const Row& row : kRows) {
    std::string_view captured;
    if (!matches_pattern(row.file, file, captured)) continue;
    if (!row.unit.empty() && !matches_pattern(row.unit, unit, captured)) continue;
    if (row.of_user && !of_user) continue;
    if (row.runtime.empty() || is_daemons_own(file, socket)) return std::nullopt;
    return ContainerHelper{row.runtime, row.runtimes_own, row.in_containers_network};
  }
  return std::nullopt;
}

}  // namespace hostnet
