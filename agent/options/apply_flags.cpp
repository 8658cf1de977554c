#include "agent/options/apply_flags.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/metrics/port_collectors.h"
#include "collectors/registry.h"

namespace hostnet {
namespace {

constexpr std::string_view kCollectorPrefix = "collector.";

std::set<std::string, std::less<>> enabled_collectors(const FlagValues& values) {
  const bool defaults = !values.on("collector.disable-defaults");
  std::set<std::string, std::less<>> enabled;
  const auto add = [&](const auto& row) {
    const std::string flag = fmt::format("{}{}", kCollectorPrefix, row.name);
    const bool wanted = values.given(flag) ? values.on(flag) : defaults && row.enabled_by_default;
    if (wanted) enabled.emplace(row.name);
  };
  std::ranges::for_each(all_collectors(), add);
  std::ranges::for_each(port_collector_rows(), add);
  return enabled;
}

MetricsOptions metrics_options(const FlagValues& values) {
  FlagValues::Texts of_collectors;
  for (const auto& [name, texts] : values.all()) {
    if (name.starts_with(kCollectorPrefix)) {
      of_collectors[name.substr(kCollectorPrefix.size())] = texts;
    }
  }
  return {.collectors = enabled_collectors(values),
          .collector_options = CollectorOptions(std::move(of_collectors)),
          .exporter_metrics = !values.on("web.disable-exporter-metrics")};
}

PodSourceSettings pod_settings(const FlagValues& values, const FlagValues::Environment& environment,
                               bool one_shot) {
  PodSourceSettings pods;
  pods.source = values.text("pods.source");
  pods.manifests = values.texts("pods.manifests");
  pods.kubeconfig = values.text("pods.kubeconfig");
  pods.kubelet_socket = values.text("pods.kubelet-socket");
  pods.kubelet_url = values.text("pods.kubelet-url");
  pods.kubelet_ca_file = values.text("pods.kubelet-ca-file");
  pods.kubelet_insecure = values.on("pods.kubelet-insecure-skip-verify");
  pods.interval = values.duration("pods.interval");
  pods.retry = values.duration("pods.retry");
  pods.start_spread = values.duration("pods.start-spread");
  pods.node_name = values.text("pods.node-name");
  if (pods.node_name.empty()) {
    const char* name = environment("NODE_NAME");
    pods.node_name = name == nullptr ? "" : name;
  }
  pods.one_shot = one_shot;
  return pods;
}

Details details_of(const std::string& word) {
  if (word == "all") return Details::all;
  if (word == "socket") return Details::socket;
  if (word == "token") return Details::token;
  return word == "none" ? Details::none : Details::loopback;
}

ServerOptions web_options(const FlagValues& values) {
  ServerOptions web;
  web.listen = values.texts("web.listen-address");
  web.max_requests = values.number("web.max-requests");
  web.details = details_of(values.text("web.details"));
  web.details_token_file = values.text("web.details-token-file");
  web.socket_group = values.text("web.socket-group");
  web.web_config_file = values.text("web.config.file");
  return web;
}

BpfMode bpf_mode(const std::string& word) {
  if (word == "off") return BpfMode::off;
  return word == "on" ? BpfMode::on : BpfMode::automatic;
}

HardeningOptions hardening_options(const FlagValues& values) {
  return {.no_new_privileges = values.on("security.no-new-privileges"),
          .drop_capabilities = values.on("security.drop-capabilities"),
          .no_memory_dumps = values.on("security.no-memory-dumps"),
          .filter_syscalls = values.on("security.seccomp"),
          .confine_threads = values.on("security.landlock")};
}

log::Options log_options(const FlagValues& values) {
  return {.level = log::parse_level(values.text("log.level")).value_or(log::Level::info),
          .format = log::parse_format(values.text("log.format")).value_or(log::Format::logfmt)};
}

// In a pod the variables are meant for the daemon, so they do not affect this call.
AnswerFrom answer_from(const FlagValues& values, const FlagValues::Environment& environment,
                       const FlagValues::Texts& parsed) {
  const std::string word = values.text("from");
  if (word == "agent") return AnswerFrom::agent;
  const bool in_pod = environment("KUBERNETES_SERVICE_HOST") != nullptr;
  const bool told = says_what_to_scan(in_pod ? parsed : values.given());
  return word == "scan" || told ? AnswerFrom::scan : AnswerFrom::automatic;
}

// A single scan of a node uses its kubelet's sources unless a flag names another.
bool wants_node_sources(const PodSourceSettings& pods, const ScanSources& sources,
                        const FlagValues::Environment& environment) {
  return pods.one_shot && pods.source == "auto" && pods.kubeconfig.empty() &&
         pods.manifests.empty() && pods.kubelet_socket.empty() && pods.kubelet_url.empty() &&
         pods.kubelet_ca_file.empty() && !pods.kubelet_insecure && sources.node.replay.empty() &&
         environment("KUBERNETES_SERVICE_HOST") == nullptr;
}

}  // namespace

bool says_what_to_scan(const FlagValues::Texts& flags) {
  return std::ranges::any_of(flags, [](const auto& flag) {
    const std::string& name = flag.first;
    return !flag.second.empty() && (name == "replay" || name.starts_with("path.") ||
                                    name.starts_with("pods.") || name.starts_with("config."));
  });
}

void apply_flags(const FlagValues& values, const FlagValues::Environment& environment,
                 const FlagValues::Texts& parsed, CommandLine& line) {
  const BpfMode bpf = bpf_mode(values.text("watch.bpf"));
  ScanSources sources{
      .node = {.paths = {.procfs = values.text("path.procfs"), .sysfs = values.text("path.sysfs")},
               .replay = values.text("replay"),
               .bpf = bpf != BpfMode::off},
      .pods = pod_settings(values, environment, line.command != Command::serve),
      .config_file = values.text("config.file")};
  sources.pods.search_node = wants_node_sources(sources.pods, sources, environment);
  line.log = log_options(values);
  line.options.from = answer_from(values, environment, parsed);
  line.options.sources = sources;
  line.options.metrics = metrics_options(values);
  line.options.hardening = hardening_options(values);
  line.options.bpf = bpf;
  line.serve = {.sources = sources,
                .watch_interval = values.duration("watch.interval"),
                .watch_interval_given = values.given("watch.interval"),
                .bpf = bpf,
                .web = web_options(values),
                .telemetry_path = values.text("web.telemetry-path"),
                .metrics = line.options.metrics,
                .report_events = values.on("report.events"),
                .report_node_condition = values.on("report.node-condition"),
                .report_node_labels = values.on("report.node-labels"),
                .remove_node_labels = values.on("report.node-labels-remove-on-exit"),
                .reserve_ports = values.on("fix.reserve-ports"),
                .restore_on_exit = values.on("fix.restore-on-exit"),
                .reserver = {.state_folder = values.text("fix.state-folder"),
                             .release_after = values.duration("fix.release-after")},
                .hardening = line.options.hardening};
}

}  // namespace hostnet
