#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/ports/nat_rules.h"
#include "netlink/node/files.h"

namespace hostnet {

// The containers of every pod on the node, sandboxes (pause containers) too, from
// the names of their cgroups: no API tells sandbox ids. `hashed`: under CRI-O's
// hash as well. Unset: there is no tree of cgroups that can be read.
std::optional<PodsByContainer> read_pod_containers(const Files& files, bool hashed);

// All other containers, from the same, their runtimes by their ids: those of docker, nerdctl and
// podman, at the root, in slices and in services; "" for the CRI's whose pod no folder tells.
RuntimesByContainer read_other_containers(const Files& files);

// How CRI-O names a sandbox in its nftables maps: the first 16 characters of the
// base32 of the SHA-256 of its id (cri-o, internal/hostport/hostport_nftables.go).
std::string crio_hash(std::string_view sandbox_id);

}  // namespace hostnet
