#pragma once

#include <string_view>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

// Whose processes a procfs shows: those of one PID namespace. Determines what it means if no
// process has a socket.
enum class ProcfsView {
  every_process,  // of the node: kernel threads are visible, or pid 1 is outside the agent's cgroup
  hidden,         // others' processes are hidden (hidepid), including pid 1
  unproven,       // nothing proves that there are no others
  own_container,  // only those of the agent's container or pod
};

// The remedy if it is not `every_process`.
inline constexpr std::string_view kRemedyForProcfs =
    "set hostPID: true, or mount the host's /proc and name it with --path.procfs";

// Uses other evidence than the namespace's number, which also differs if the node itself is a
// container: kernel threads live in the initial PID namespace only, and a node's pid 1 is not in
// the agent's own cgroup. Older recordings without this evidence are trusted. `processes`:
// list_processes(), which is slow if there are many.
ProcfsView procfs_view(const Files& files, const Result<std::vector<int>>& processes);

}  // namespace hostnet
