#include "agent/options/pod_sources.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

namespace hostnet {
namespace {

constexpr std::string_view kLocalKubelet = "https://127.0.0.1:10250";

const char* own_environment(const char* name) {
  return std::getenv(name);  // nothing here sets any
}

// A person waits for a single scan.
KubeTiming timing_for(const CommandLine& line) {
  KubeTiming timing;
  timing.retry = line.pods_retry;
  if (line.command != Command::serve) timing.silence = std::chrono::seconds(10);
  return timing;
}

Result<ClusterAccess> apiserver_access(const CommandLine& line,
                                       const std::function<const char*(const char*)>& environment) {
  if (!line.kubeconfig.empty()) return read_kubeconfig(line.kubeconfig);
  auto access = in_cluster_access(environment);
  if (!access) access.error().message += "; outside of a pod name a --pods.kubeconfig";
  return access;
}

SourceChoice apiserver_choice(const CommandLine& line, const std::string& node_name,
                              const std::function<const char*(const char*)>& environment) {
  return {.name = "apiserver", .make = [=]() -> Result<std::unique_ptr<PodSource>> {
            auto access = apiserver_access(line, environment);
            if (!access) return std::unexpected(std::move(access).error());
            return apiserver_source(*std::move(access), node_name, timing_for(line));
          }};
}

SourceChoice kubelet_choice(const CommandLine& line) {
  return {.name = "kubelet", .make = [=]() -> Result<std::unique_ptr<PodSource>> {
            auto access =
                parse_server_url(line.kubelet_url.empty() ? kLocalKubelet : line.kubelet_url);
            if (!access) return std::unexpected(std::move(access).error());
            access->ca.file = line.kubelet_ca_file;
            access->insecure = line.kubelet_insecure;
            std::string token = std::string(kServiceAccountFolder) + "/token";
            std::error_code ignored;
            if (!line.kubeconfig.empty()) {
              // Where this is no pod: as whom the kubeconfig comes.
              const auto user = read_kubeconfig(line.kubeconfig);
              if (!user) return std::unexpected(user.error());
              access->token = user->token;
              access->certificate = user->certificate;
              access->key = user->key;
            } else if (std::filesystem::exists(token, ignored)) {
              access->token.file = std::move(token);
            }
            return kubelet_source(*std::move(access), line.pods_interval, timing_for(line));
          }};
}

}  // namespace

PodSourceOptions pod_source_options(const CommandLine& line, const std::string& node_name,
                                    const std::function<const char*(const char*)>& environment) {
  const std::string& source = line.pods_source;
  PodSourceOptions options;
  options.node_name = node_name;
  options.pace = {.start_spread = line.pods_start_spread, .retry = line.pods_retry};
  options.none_wanted = source == "none";
  options.manifests_will_do = source == "auto";
  if (options.none_wanted) return options;
  options.manifests = line.manifests;
  const bool automatic = source == "auto";
  const bool in_pod = environment("KUBERNETES_SERVICE_HOST") != nullptr;
  const bool kubelet_named =
      !line.kubelet_url.empty() || !line.kubelet_ca_file.empty() || line.kubelet_insecure;
  if (source == "apiserver" || (automatic && (in_pod || !line.kubeconfig.empty()))) {
    options.live.push_back(apiserver_choice(line, node_name, environment));
  } else if (automatic) {
    options.not_asked.emplace_back(
        "apiserver: this is not a pod, and no --pods.kubeconfig says where it is");
  }
  if (source == "kubelet" || (automatic && kubelet_named)) {
    options.live.push_back(kubelet_choice(line));
  } else if (automatic) {
    options.not_asked.emplace_back("kubelet: no --pods.kubelet-* flag is given");
  }
  return options;
}

PodSourceOptions pod_source_options(const CommandLine& line, const std::string& node_name) {
  return pod_source_options(line, node_name, own_environment);
}

Result<ClusterAccess> apiserver_access(const CommandLine& line) {
  return apiserver_access(line, own_environment);
}

}  // namespace hostnet
