#pragma once

#include <string_view>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

// Whose processes a procfs shows: those of one PID namespace. That decides what it means when no
// process shows a socket.
enum class ProcfsView {
  every_process,  // of this node: the kernel's threads are there, or pid 1 is another's than ours
  hidden,         // others' are hidden (hidepid), pid 1 too
  unproven,       // nothing tells that there are no others
  own_container,  // only those of the container or pod that the agent is in
};

// What to do where it is not `every_process`.
inline constexpr std::string_view kRemedyForProcfs =
    "set hostPID: true, or mount the host's /proc and name it with --path.procfs";

// By signs that a namespace's number does not give, which differs too where the node itself is a
// container: kernel threads live in the initial PID namespace only, and a node's pid 1 is not in
// the agent's own cgroup. Recordings of before that say nothing of it are believed.
// `processes`: list_processes(), which takes long where there are many.
ProcfsView procfs_view(const Files& files, const Result<std::vector<int>>& processes);

}  // namespace hostnet
