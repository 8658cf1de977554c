#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/ports/holder.h"
#include "agent/ports/owners/cgroup.h"
#include "netlink/node/files.h"

namespace hostnet {

// What is kept of a cgroup's path in owners; what it means is read from all of it before.
inline constexpr std::size_t kLongestCgroup = 1024;

// A cgroup as seen from the host.
struct CgroupPlace {
  std::string path;  // from the root of the node: "/system.slice/nginx.service"
  CgroupFacts facts;
  bool operator==(const CgroupPlace&) const = default;
};

// Fills in what the cgroup says about its processes.
void describe_place(const CgroupPlace& place, Owner& owner);

// Maps ids and processes to cgroups, with a cache. Not thread safe.
class CgroupLookup {
 public:
  explicit CgroupLookup(const Files& files) : files_(files) {}

  // The cgroup in which a socket was created. nullptr if it is unknown: no id, the root (always the
  // case on cgroup v1), or a cgroup that is gone or unreadable. Valid until trim().
  const CgroupPlace* of_id(std::optional<std::uint64_t> id);

  // Its current processes. `hidden` is set if some are in a PID namespace that the agent does not
  // see (no hostPID).
  std::vector<int> processes_in(const CgroupPlace& place, bool& hidden);

  // The id of the only container that podman runs in its monitor's unit (a quadlet's, with
  // --cgroups=split: conmon is in "runtime", next to "libpod-payload-<id>"); "": none, or several.
  std::string container_beside(const CgroupPlace& monitor);

  // Changes when the process is moved; 0: its cgroups are unreadable.
  std::size_t fingerprint_of(int pid);
  // The cgroup of a process, from /proc/<pid>/cgroup; empty if that shows nothing useful.
  CgroupPlace of_process(int pid, std::size_t& fingerprint);

  // On pure cgroup v2 the socket's cgroup id and the process's cgroup are in one tree; elsewhere
  // only /proc/<pid>/cgroup leads to pods.
  bool is_unified();

  // The agent's own cgroup, which makes relative paths absolute.
  void set_own_path(std::string path) { own_path_ = std::move(path); }

  // Clears the ids when there are many, most of them long gone.
  void trim();

 private:
  std::string path_from_node_root(std::string_view path);
  void learn_mount();

  const Files& files_;
  std::unordered_map<std::uint64_t, std::optional<CgroupPlace>> by_id_;
  std::optional<std::string> mount_;  // of cgroup2, below sys/
  bool unified_{};
  std::optional<std::string> node_container_;  // see container_of_node()
  std::string own_path_;
  std::string text_;
};

}  // namespace hostnet
