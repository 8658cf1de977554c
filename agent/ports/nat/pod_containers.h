#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/ports/nat_rules.h"
#include "netlink/node/files.h"

namespace hostnet {

// The containers of every pod on the node, sandboxes (pause containers) included, from the names of
// their cgroups: no API reports sandbox ids. `hashed`: also by CRI-O's hash. Unset: there is no
// readable cgroup tree.
std::optional<PodsByContainer> read_pod_containers(const Files& files, bool hashed);

// All other containers, from the same names, id to runtime: those of docker, nerdctl and podman, at
// the root, in slices and in services; "" for the CRI's without a pod in the path.
RuntimesByContainer read_other_containers(const Files& files);

// CRI-O's name of a sandbox in its nftables maps: the first 16 characters of the base32 of the
// SHA-256 of its id (cri-o, internal/hostport/hostport_nftables.go).
std::string crio_hash(std::string_view sandbox_id);

}  // namespace hostnet
