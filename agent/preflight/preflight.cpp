#include "agent/preflight/preflight.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "agent/ports/owners/process.h"
#include "agent/ports/owners/procfs_view.h"
#include "agent/preflight/check_namespaces.h"
#include "agent/verdicts/listing.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

using Level = PreflightCheck::Level;

PreflightCheck good(std::string name, std::string found) {
  return {.name = std::move(name), .level = Level::good, .found = std::move(found)};
}

PreflightCheck check_procfs(const Node& node, const Result<std::vector<int>>& processes) {
  const std::string name = "procfs";
  if (!processes) {
    const std::string& why = processes.error().message;
    return {.name = name,
            .level = Level::bad,
            .found = why,
            .fix = "mount the host's /proc and name it with --path.procfs",
            .problem = Problem{.code = "procfs_unreadable",
                               .message = "processes cannot be seen: " + why,
                               .remedy = "mount the host's /proc and name it with --path.procfs"}};
  }
  if (!node.files->exists("proc/1")) {
    return {.name = name,
            .level = Level::bad,
            .found = "it has no pid 1: it is not the host's, or mounted with hidepid",
            .fix = "mount the host's /proc (hostPath) and name it with --path.procfs",
            .problem = Problem{.code = "procfs_not_host",
                               .message = "the procfs has no pid 1",
                               .remedy = "mount the host's /proc, without hidepid"}};
  }
  return good(name, "readable");
}

PreflightCheck check_sysfs(const Node& node) {
  if (node.files->exists("sys/class/net")) return good("sysfs", "readable");
  const std::string fix = "mount the host's /sys and name it with --path.sysfs";
  return {.name = "sysfs",
          .level = Level::bad,
          .found = "it has no class/net",
          .fix = fix,
          .problem = Problem{.code = "sysfs_unreadable",
                             .message = "cgroups and devices cannot be seen",
                             .remedy = fix}};
}

struct Capability {
  unsigned number;
  std::string_view name, cost;
};
constexpr std::array kCapabilities{
    Capability{Identity::kSysPtrace, "SYS_PTRACE", "process names are not visible, only cgroups"},
    Capability{Identity::kDacReadSearch, "DAC_READ_SEARCH",
               "names of other users' processes are not visible, only cgroups"},
    Capability{Identity::kNetAdmin, "NET_ADMIN", "NAT rules cannot be read"},
};

PreflightCheck check_capability(const Node& node, const Capability& capability) {
  std::string name = fmt::format("capability {}", capability.name);
  if (node.identity.has_capability(capability.number)) return good(std::move(name), "present");
  PreflightCheck check{.name = std::move(name),
                       .level = Level::limited,
                       .found = fmt::format("missing: {}", capability.cost),
                       .fix = fmt::format("add {} to securityContext.capabilities (or run as root)",
                                          capability.name)};
  // Missing rights to inspect processes are reported by the attribution itself, if they really kept
  // it from seeing something.
  if (capability.number == Identity::kNetAdmin) {
    check.problem = Problem{.code = "no_cap_net_admin",
                            .message = std::string(capability.cost),
                            .remedy = "add NET_ADMIN"};
  }
  return check;
}

PreflightCheck check_cgroups(const Node& node) {
  const std::string name = "cgroups";
  if (node.files->exists("sys/fs/cgroup/cgroup.controllers")) return good(name, "version 2");
  if (node.files->exists("sys/fs/cgroup/unified/cgroup.procs")) {
    return good(name, "version 1 with version 2 beside it (hybrid)");
  }
  return {.name = name,
          .level = Level::limited,
          .found = "version 1 or not mounted: sockets are attributed through processes only",
          .fix = "mount the host's /sys, with /sys/fs/cgroup below it"};
}

PreflightCheck check_cluster_dns(const PreflightSurroundings& around) {
  // The kubelet writes "<namespace>.svc.<domain>" into the search list of pods
  // that use cluster DNS (pkg/kubelet/network/dns/dns.go).
  if (around.resolv_conf.find(".svc.") != std::string::npos) {
    return good("cluster DNS", "in use");
  }
  return {.name = "cluster DNS",
          .level = Level::limited,
          .found = "not in use by this pod",
          .fix = "set dnsPolicy: ClusterFirstWithHostNet"};
}

constexpr std::size_t kNamedLines = 5;

// "; errors: one; another and 3 more", "" if there are none.
std::string lines_words(std::string_view what, std::span<const std::string> lines) {
  if (lines.empty()) return "";
  return fmt::format("; {}: {}", what, listing(lines, kNamedLines, "; "));
}

}  // namespace

Preflight run_preflight(const Node& node, const PreflightSurroundings& around) {
  // Lists once: with thousands of processes each listing takes the kernel milliseconds.
  const auto processes = list_processes(*node.files);
  const ProcfsView view = procfs_view(*node.files, processes);
  const auto same = is_hosts_network(node, view);
  std::vector<PreflightCheck> checks{check_procfs(node, processes), check_sysfs(node),
                                     check_network_namespace(node, same, view),
                                     check_pid_namespace(node, view)};
  for (const Capability& capability : kCapabilities) {
    checks.push_back(check_capability(node, capability));
  }
  checks.push_back(check_cgroups(node));
  if (around.in_pod) checks.push_back(check_cluster_dns(around));
  return {.checks = std::move(checks), .in_host_network_namespace = same};
}

PreflightCheck check_pods(const PodSnapshot& pods, bool source_wanted,
                          std::span<const std::string> not_asked) {
  const std::string name = "pod source";
  const std::string others = fmt::format("{}{}", lines_words("passed over", pods.passed_over),
                                         lines_words("not asked", not_asked));
  if (!pods.has_source()) {
    if (!source_wanted) return good(name, "none, as asked for");
    return {.name = name,
            .level = Level::limited,
            .found = "none: no declarations to compare the node with" + others,
            .fix = "set --pods.kubeconfig or --pods.manifests"};
  }
  const std::string found = fmt::format("{}: {} pods", pods.source, pods.pods.size());
  if (!pods.errors.empty()) {
    const std::string errors =
        lines_words(fmt::format("{} errors", pods.errors.size()), pods.errors);
    return {.name = name,
            .level = Level::limited,
            .found = found + errors + others,
            .fix = "fix what it reads"};
  }
  return good(name, found + others);
}

std::optional<PreflightCheck> check_node_exporter(const Node& node) {
  const auto pids = list_processes(*node.files);
  if (!pids) return std::nullopt;
  for (const int pid : *pids) {
    const auto comm = node.files->read(fmt::format("proc/{}/comm", pid));
    // The kernel truncates Debian's prometheus-node-exporter to 15 characters.
    const std::string_view name = comm ? trim(*comm) : std::string_view{};
    if (name != "node_exporter" && name != "prometheus-node") continue;
    return PreflightCheck{
        .name = "node_exporter",
        .level = Level::note,
        .found = fmt::format("{}[{}] runs here: network series with the same names exist twice",
                             name, pid),
        .fix =
            "use deploy/overlays/alongside-node-exporter, the chart's alongsideNodeExporter, or "
            "--collector.disable-defaults --collector.ports --collector.listeners"};
  }
  return std::nullopt;
}

PreflightSurroundings surroundings() {
  PreflightSurroundings around;
  around.in_pod = std::getenv("KUBERNETES_SERVICE_HOST") != nullptr;
  std::ifstream file("/etc/resolv.conf");
  around.resolv_conf.assign(std::istreambuf_iterator<char>(file), {});
  return around;
}

}  // namespace hostnet
