#include "agent/ports/owners/procfs_view.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "agent/ports/owners/cgroup.h"
#include "agent/ports/owners/proc_cgroup.h"
#include "agent/ports/owners/process.h"

namespace hostnet {
namespace {

constexpr std::uint64_t kInitialCgroupNamespace = 4026531835;  // PROC_CGROUP_INIT_INO

bool was_not_recorded(const Error& error) {
  return error.reason == Reason::unsupported;
}

// "/../<container>": a sibling container in the agent's pod.
bool is_beside_us(std::string_view path) {
  constexpr std::string_view kUp = "/../";
  return path.starts_with(kUp) && !path.substr(kUp.size()).starts_with("..") &&
         !parse_cgroup(path).container_id.empty();
}

// Whether the cgroup shared by the agent and pid 1 is a container's: by its path, or because it is
// the root of a cgroup namespace that is not the host's.
bool is_a_containers(const Files& files, std::string_view path) {
  const CgroupFacts facts = parse_cgroup(path);
  if (facts.in_kubepods || !facts.container_runtime.empty()) return true;
  return path == "/" && files.inode("proc/self/ns/cgroup").value_or(kInitialCgroupNamespace) !=
                            kInitialCgroupNamespace;
}

}  // namespace

ProcfsView procfs_view(const Files& files, const Result<std::vector<int>>& processes) {
  if (!processes || processes->empty() || processes->front() != 1) return ProcfsView::hidden;
  if (processes->size() > 1 && (*processes)[1] == 2) {
    std::string text;
    const auto second = read_process_stat(files, 2, text);
    if (second ? second->is_kernel_thread : was_not_recorded(second.error())) {
      return ProcfsView::every_process;
    }
  }
  std::string init;
  std::string own;
  const auto read = files.read("proc/1/cgroup", init);
  if (!read && was_not_recorded(read.error())) return ProcfsView::every_process;
  const auto self = files.link("proc/self");
  if (self && *self == "1") return ProcfsView::own_container;  // no node has the agent as pid 1
  if (!read || !self || !files.read(fmt::format("proc/{}/cgroup", *self), own)) {
    return ProcfsView::unproven;
  }
  const std::string_view init_path = telling_cgroup(init);
  const std::string_view own_path = telling_cgroup(own);
  if (is_beside_us(init_path)) return ProcfsView::own_container;
  const CgroupFacts own_facts = parse_cgroup(own_path);
  if (!own_facts.pod_uid.empty() && parse_cgroup(init_path).pod_uid == own_facts.pod_uid) {
    return ProcfsView::own_container;
  }
  if (init_path != own_path) return ProcfsView::every_process;
  return is_a_containers(files, own_path) ? ProcfsView::own_container : ProcfsView::unproven;
}

}  // namespace hostnet
