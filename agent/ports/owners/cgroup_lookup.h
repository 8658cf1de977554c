#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/ports/holder.h"
#include "agent/ports/owners/cgroup.h"
#include "netlink/node/files.h"

namespace hostnet {

// A cgroup as the host sees it.
struct CgroupPlace {
  std::string path;  // from the root of the node: "/system.slice/nginx.service"
  CgroupFacts facts;
  bool operator==(const CgroupPlace&) const = default;
};

// What the place says of whoever is there.
void describe_place(const CgroupPlace& place, Owner& owner);

// From ids and processes to cgroups, with a memory. Not thread safe.
class CgroupLookup {
 public:
  explicit CgroupLookup(const Files& files) : files_(files) {}

  // The cgroup in which a socket was made. nullptr when it tells nothing: no id,
  // the root (so it is for every socket on cgroup v1), a cgroup that is gone or
  // that may not be read. Valid until trim().
  const CgroupPlace* of_id(std::optional<std::uint64_t> id);

  // The processes in it now. `hidden` is set when some are in a PID namespace
  // that the agent does not see (no hostPID).
  std::vector<int> processes_in(const CgroupPlace& place, bool& hidden);

  // The id of the one container that podman runs in the unit of its monitor (a quadlet's, with
  // --cgroups=split: conmon is in "runtime", beside "libpod-payload-<id>"); "": none, or several.
  std::string container_beside(const CgroupPlace& monitor);

  // Changes when the process is moved; 0: its cgroups cannot be read.
  std::size_t fingerprint_of(int pid);
  // Where a process is, from /proc/<pid>/cgroup; empty when that tells nothing.
  CgroupPlace of_process(int pid, std::size_t& fingerprint);

  // On pure cgroup v2 the id of a socket and the cgroup of its process are of
  // one tree; elsewhere only /proc/<pid>/cgroup knows of pods.
  bool is_unified();

  // The agent's own cgroup: makes relative paths absolute.
  void set_own_path(std::string path) { own_path_ = std::move(path); }

  // Forgets the ids when there are many of them, most long gone.
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
