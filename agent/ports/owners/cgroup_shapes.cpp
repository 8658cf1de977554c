#include "agent/ports/owners/cgroup_shapes.h"

#include <array>

#include "agent/ports/owners/name_pattern.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

struct Shape {
  // Directory names (name_pattern.h), separated by '/'; the last is the container's own. A leading
  // '/' anchors the first one at the root.
  std::string_view pattern;
  std::string_view runtime;
  CgroupKind kind = CgroupKind::container;
  bool escaped = false;  // the name has systemd's escaping
};

// The first match decides.
constexpr std::array kShapes{
    // moby: daemon/oci_linux.go, daemon/internal/builder-next/executor_linux.go; buildx
    Shape{"docker-{id}.scope", "docker"},
    Shape{"docker/buildx/{id}", "docker"},
    Shape{"docker/buildkit/{name}", "buildkit"},
    Shape{"docker/{id}", "docker"},
    Shape{"ecs/*/{id}", "docker"},  // amazon-ecs-agent: agent/api/task/task_linux.go
    Shape{"*.slice:docker:{name}", "docker"},
    Shape{"/buildkit/{name}", "buildkit"},  // buildkit: executor/oci/spec_linux.go
    Shape{"*.slice:buildkit:{name}", "buildkit"},
    // podman: libpod/container_internal_linux.go, libpod/oci_conmon_linux.go
    Shape{"libpod-{id}.scope", "podman"},
    Shape{"libpod-{id}", "podman"},
    Shape{"libpod-payload-{id}", "podman"},
    Shape{"libpod-conmon-{id}.scope", "podman"},
    Shape{"libpod_parent/conmon", "podman"},
    Shape{"libpod_parent/{id}", "", CgroupKind::parent},  // of a pod, with its containers below
    Shape{"*.slice:libpod:{id}", "podman"},
    // buildah: chroot_linux.go, run_linux.go
    Shape{"buildah-buildah{name}.scope", "buildah"},
    // nerdctl: pkg/cmd/container/run_cgroup_linux.go; containerd: pkg/oci/spec.go
    Shape{"nerdctl-{id}.scope", "nerdctl"},
    Shape{"*.slice:nerdctl:{id}", "nerdctl"},
    Shape{"/default/{name}", "containerd"},
    Shape{"/moby/{name}", "containerd"},
    Shape{"/services.linuxkit/{name}", "containerd"},
    // The CRI with pods that have no common parent (kubelet --cgroups-per-qos=false)
    Shape{"/k8s.io/{id}", "", CgroupKind::pod},
    Shape{"/k8s.io/{name}", "containerd"},  // ctr and nerdctl use names
    Shape{"cri-containerd-{id}.scope", "", CgroupKind::pod},
    Shape{"*:cri-containerd:{id}", "", CgroupKind::pod},
    Shape{"crio-{id}.scope", "", CgroupKind::pod},
    Shape{"crio-{id}", "", CgroupKind::pod},
    // kata-containers: src/runtime/pkg/resourcecontrol, the part of a sandbox outside its pod
    Shape{"/kata_overhead/{name}", "", CgroupKind::pod},
    // lxc: src/lxc/cgroups/cgfsng.c; since version 4 with "payload" and "monitor"
    Shape{"lxc.payload.{name}", "lxc"},
    Shape{"lxc.payload/{name}", "lxc"},
    Shape{"lxc.monitor.{name}", "lxc"},
    Shape{"lxc.monitor/{name}", "lxc"},
    Shape{"lxc/{name}", "lxc"},
    // systemd: units/systemd-nspawn@.service.in, src/nspawn/nspawn-register.c; libvirt.org/cgroups
    Shape{"systemd-nspawn@{name}.service", "systemd-nspawn", CgroupKind::container, true},
    Shape{"machine.slice/machine-qemu*.scope", "", CgroupKind::host},
    Shape{R"(machine.slice/machine-lxc\x2d*\x2d{name}.scope)", "libvirt-lxc", CgroupKind::container,
          true},
    Shape{"machine.slice/machine-{name}.scope", "systemd-nspawn", CgroupKind::container, true},
    // runc and crun used directly: opencontainers/cgroups:systemd/common.go; crun:cgroup-systemd.c
    Shape{"runc-{name}.scope", "runc"},
    Shape{"crun-{name}.scope", "crun"},
    // A container id, whichever runtime made it.
    Shape{"{id}", "container"},
    Shape{"{id}.scope", "container"},
    // talos: pkg/machinery/constants (CgroupInit, CgroupSystem, CgroupPodRuntime)
    Shape{"/init", "", CgroupKind::node_service},
    Shape{"/system/*", "", CgroupKind::node_service},
    Shape{"/podruntime/*", "", CgroupKind::node_service},
};

bool matches(std::string_view pattern, std::span<const std::string_view> parts,
             std::string_view& captured) {
  for (;;) {
    const std::size_t slash = pattern.rfind('/');
    if (parts.empty()) return false;
    const bool at_root = slash == 0;
    const auto last = slash == std::string_view::npos ? pattern : pattern.substr(slash + 1);
    std::string_view here;
    if (!matches_pattern(last, parts.back(), here)) return false;
    if (!here.empty()) captured = here;
    parts = parts.first(parts.size() - 1);
    if (slash == std::string_view::npos) return true;
    if (at_root) return parts.empty();
    pattern = pattern.substr(0, slash);
  }
}

// "my\x2dweb" is "my-web" (systemd.unit(5), string escaping for inclusion in unit names).
std::string unescaped(std::string_view name) {
  constexpr std::size_t kEscape = 4;
  std::string text;
  while (!name.empty()) {
    const bool escape = name.size() >= kEscape && name.starts_with("\\x");
    const auto byte = escape ? parse_number<unsigned char>(name.substr(2, 2), 16) : std::nullopt;
    text += byte ? static_cast<char>(*byte) : name.front();
    name.remove_prefix(byte ? kEscape : 1);
  }
  return text;
}

}  // namespace

std::optional<CgroupMatch> match_cgroup_shape(std::span<const std::string_view> parts) {
  for (const Shape& shape : kShapes) {
    std::string_view name;
    if (!matches(shape.pattern, parts, name)) continue;
    return CgroupMatch{.kind = shape.kind,
                       .runtime = shape.runtime,
                       .name = shape.escaped ? unescaped(name) : std::string(name)};
  }
  return std::nullopt;
}

}  // namespace hostnet
