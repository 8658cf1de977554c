#include "agent/options/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "agent/metrics/port_collectors.h"
#include "collectors/framework/collector.h"
#include "collectors/registry.h"
#include "netlink/base/ascii.h"

namespace hostnet {
namespace {

using Kind = Flag::Kind;

std::vector<Flag> own_flags() {
  return {
      {"path.procfs", Kind::text, "/proc", "where the host's procfs is mounted"},
      {"path.sysfs", Kind::text, "/sys", "where the host's sysfs is mounted"},
      {"replay", Kind::text, "",
       "read a recording (a directory written by `record`) instead of this machine"},
      {"from",
       Kind::choice,
       "auto",
       "where one-shot commands get their answer: from the running agent or from a scan; auto asks "
       "the agent unless a --path, --pods, --replay or --config flag is given, and scans if none "
       "runs",
       {"auto", "agent", "scan"}},
      {"web.listen-address", Kind::texts, ":20000", "address to serve on; repeatable"},
      {"web.telemetry-path", Kind::text, "/metrics", "path of the Prometheus metrics"},
      {"web.socket-group", Kind::text, "",
       "group that may connect to unix: addresses too (mode 0660 instead of 0600)"},
      {"web.config.file", Kind::text, "",
       "exporter-toolkit web configuration (TLS, basic auth, headers, rate limit); re-read on "
       "change"},
      {"web.max-requests", Kind::number, "40", "requests served at once, 0 for no limit"},
      {"web.disable-exporter-metrics", Kind::boolean, "false",
       "exclude process_* and promhttp_* metrics"},
      {"web.details",
       Kind::choice,
       "loopback",
       "who may see process names (everything but /metrics, /healthz, /readyz)",
       {"loopback", "socket", "token", "all", "none"}},
      {"web.details-token-file", Kind::text, "",
       "file with the token that --web.details=token asks for; re-read on change"},
      {"pods.source",
       Kind::choice,
       "auto",
       "where pods are read from",
       {"auto", "apiserver", "pods-api", "kubelet", "manifests", "none"}},
      {"pods.manifests", Kind::texts, "",
       "file or folder of pod manifests; repeatable; re-read on change"},
      {"pods.kubeconfig", Kind::text, "",
       "kubeconfig for the API server; in a pod its service account if empty"},
      {"pods.kubelet-socket", Kind::text, "",
       "unix socket of the kubelet's Pods API (Kubernetes 1.37); "
       "/var/lib/kubelet/pods-api/pods-api.sock if empty"},
      {"pods.kubelet-url", Kind::text, "", "URL of the kubelet; https://127.0.0.1:10250 if empty"},
      {"pods.kubelet-ca-file", Kind::text, "",
       "PEM file with the kubelet's certificate authority, or with its own certificate, whose "
       "name is then not verified"},
      {"pods.kubelet-insecure-skip-verify", Kind::boolean, "false",
       "skip verification of the kubelet's certificate"},
      {"pods.interval", Kind::period, "30s", "time between two polls of the kubelet"},
      {"pods.retry", Kind::period, "800ms",
       "pause before retrying a failed pod source; doubles up to 30s, with jitter"},
      {"pods.start-spread", Kind::duration, "5s",
       "random delay of the daemon's first request for pods, so that a cluster's agents do not all "
       "ask at once"},
      {"pods.node-name", Kind::text, "",
       "name of this node; $NODE_NAME or the host's name if empty"},
      {"report.events", Kind::boolean, "false",
       "write findings as Kubernetes Events of the pods that declare the ports"},
      {"report.node-condition", Kind::boolean, "false",
       "maintain the node condition HostPortConflict (some tools drain nodes because of "
       "conditions)"},
      {"report.node-labels", Kind::boolean, "false",
       "label the node with ports that something outside Kubernetes holds (label_ports, and what "
       "was in conflict), so that a nodeAffinity keeps pods away"},
      {"report.node-labels-remove-on-exit", Kind::boolean, "false",
       "at exit, remove the labels of --report.node-labels"},
      {"watch.interval", Kind::period, "1s", "time between two scans of the node"},
      {"watch.bpf",
       Kind::choice,
       "auto",
       "use BPF if permitted: report refused binds as they happen, and read the sockets of 512 or "
       "more processes at once at startup",
       {"auto", "on", "off"}},
      {"config.file", Kind::text, "",
       "YAML with node_components, reserved_ports, node_port_range, label_ports, ignore, grace; "
       "re-read on change"},
      {"fix.reserve-ports", Kind::boolean, "false",
       "add declared ports of the ephemeral range to net.ipv4.ip_local_reserved_ports"},
      {"fix.release-after", Kind::duration, "5m",
       "how long a port stays reserved after the last pod that declared it is deleted"},
      {"fix.restore-on-exit", Kind::boolean, "false",
       "on SIGTERM or SIGINT, remove what --fix.reserve-ports added"},
      {"fix.state-folder", Kind::text, "/run/hostnet-agent",
       "directory where --fix.reserve-ports records what it added"},
      {"security.no-new-privileges", Kind::boolean, "true",
       "set no_new_privs: no program that it runs could gain privileges"},
      {"security.drop-capabilities", Kind::boolean, "true",
       "drop all capabilities but SYS_PTRACE, DAC_READ_SEARCH and NET_ADMIN"},
      {"security.no-memory-dumps", Kind::boolean, "true",
       "disable core dumps and ptrace by other processes of the same user"},
      {"security.landlock", Kind::boolean, "true",
       "keep the threads of the HTTP server's loop and of the Kubernetes client from writing files "
       "and inspecting processes (needs --security.no-new-privileges)"},
      {"security.seccomp", Kind::boolean, "true",
       "filter system calls: one that is not on the agent's list fails with ENOSYS and is counted"},
      {"log.level",
       Kind::choice,
       "info",
       "least severe message to log",
       {"debug", "info", "warn", "error"}},
      {"log.format", Kind::choice, "logfmt", "format of the log lines", {"logfmt", "json"}},
      {"collector.disable-defaults", Kind::boolean, "false",
       "disable every collector that its own flag does not enable"},
  };
}

Flag collector_switch(std::string_view name, std::string_view help, bool enabled_by_default) {
  return {.name = fmt::format("collector.{}", name),
          .kind = Kind::boolean,
          .default_value = enabled_by_default ? "true" : "false",
          .help = std::string(help)};
}

Kind kind_of(CollectorFlag::Kind kind) {
  switch (kind) {
    case CollectorFlag::Kind::boolean: return Kind::boolean;
    case CollectorFlag::Kind::text: return Kind::text;
    case CollectorFlag::Kind::texts: return Kind::texts;
  }
  return Kind::text;
}

void add_collector_row(const auto& row, std::vector<Flag>& flags) {
  flags.push_back(collector_switch(row.name, row.help, row.enabled_by_default));
  for (const CollectorFlag& flag : row.flags) {
    flags.push_back({.name = fmt::format("collector.{}", flag.name),
                     .kind = kind_of(flag.kind),
                     .default_value = std::string(flag.default_value),
                     .help = std::string(flag.help)});
  }
}

void add_collector_flags(std::vector<Flag>& flags) {
  for (const PortCollectorRow& row : port_collector_rows()) add_collector_row(row, flags);
  for (const Collector& row : all_collectors()) add_collector_row(row, flags);
}

}  // namespace

std::span<const Flag> all_flags() {
  static const std::vector<Flag> kFlags = [] {
    std::vector<Flag> flags = own_flags();
    add_collector_flags(flags);
    return flags;
  }();
  return kFlags;
}

std::string environment_name(std::string_view flag) {
  std::string name = "HOSTNET_";
  std::ranges::transform(flag, std::back_inserter(name), [](char c) {
    return is_alphanumeric(c) ? static_cast<char>(std::toupper(c)) : '_';
  });
  return name;
}

}  // namespace hostnet
