#include "agent/pods/sources/pod_source_settings.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace hostnet {
namespace {

// The path of 1.37; 1.35 and 1.36 use pods/ if the feature gate is set (PodInfoAPI).
constexpr std::array<const char*, 2> kKubeletSockets{"/var/lib/kubelet/pods-api/pods-api.sock",
                                                     "/var/lib/kubelet/pods/kubelet.sock"};
constexpr std::string_view kLocalKubelet = "https://127.0.0.1:10250";

const char* own_environment(const char* name) {
  return std::getenv(name);  // nothing in this process calls setenv()
}

// Shorter timeouts for a single scan, as a person is waiting.
KubeTiming timing_for(const PodSourceSettings& settings) {
  KubeTiming timing;
  timing.retry = settings.retry;
  if (settings.one_shot) {
    timing.silence = std::chrono::seconds(10);
    timing.answer = timing.silence;
  }
  return timing;
}

Result<ClusterAccess> apiserver_access(const PodSourceSettings& settings,
                                       const std::function<const char*(const char*)>& environment) {
  if (!settings.kubeconfig.empty()) return read_kubeconfig(settings.kubeconfig);
  auto access = in_cluster_access(environment);
  if (!access) access.error().message += "; outside a pod set --pods.kubeconfig";
  return access;
}

SourceChoice apiserver_choice(const PodSourceSettings& settings, const std::string& node_name,
                              const std::function<const char*(const char*)>& environment) {
  return {.name = "apiserver", .make = [=]() -> Result<std::unique_ptr<PodSource>> {
            auto access = apiserver_access(settings, environment);
            if (!access) return std::unexpected(std::move(access).error());
            return apiserver_source(*std::move(access), node_name, timing_for(settings));
          }};
}

// "": there is none.
std::string kubelet_socket(const PodSourceSettings& settings) {
  if (!settings.kubelet_socket.empty()) return settings.kubelet_socket;
  std::error_code ignored;
  const auto found = std::ranges::find_if(
      kKubeletSockets, [&](const char* path) { return std::filesystem::is_socket(path, ignored); });
  return found == kKubeletSockets.end() ? "" : *found;
}

SourceChoice pods_api_choice(const PodSourceSettings& settings) {
  return {.name = "pods-api", .make = [=]() -> Result<std::unique_ptr<PodSource>> {
            const std::string socket = kubelet_socket(settings);
            return pods_api_source(socket.empty() ? kKubeletSockets.front() : socket,
                                   settings.interval, timing_for(settings));
          }};
}

SourceChoice kubelet_choice(const PodSourceSettings& settings) {
  return {.name = "kubelet", .make = [=]() -> Result<std::unique_ptr<PodSource>> {
            auto access = parse_server_url(settings.kubelet_url.empty() ? kLocalKubelet
                                                                        : settings.kubelet_url);
            if (!access) return std::unexpected(std::move(access).error());
            access->ca.file = settings.kubelet_ca_file;
            access->insecure = settings.kubelet_insecure;
            std::string token = std::string(kServiceAccountFolder) + "/token";
            std::error_code ignored;
            if (!settings.kubeconfig.empty()) {
              // Outside a pod: the user of the kubeconfig.
              const auto user = read_kubeconfig(settings.kubeconfig);
              if (!user) return std::unexpected(user.error());
              access->token = user->token;
              access->certificate = user->certificate;
              access->key = user->key;
            } else if (std::filesystem::exists(token, ignored)) {
              access->token.file = std::move(token);
            }
            return kubelet_source(*std::move(access), settings.interval, timing_for(settings));
          }};
}

}  // namespace

PodSourceOptions pod_source_options(const PodSourceSettings& settings, const std::string& node_name,
                                    const std::function<const char*(const char*)>& environment) {
  const std::string& source = settings.source;
  PodSourceOptions options;
  options.node_name = node_name;
  options.pace = {.start_spread = settings.start_spread, .retry = settings.retry};
  options.none_wanted = source == "none";
  options.manifests_will_do = source == "auto";
  options.manifests = settings.manifests;
  options.kubeconfigs_passed_over = settings.kubeconfigs_passed_over;
  options.not_asked = settings.kubeconfigs_passed_over;
  options.only_static = settings.of_node && settings.kubeconfig.empty();
  if (options.none_wanted) return options;
  const bool automatic = source == "auto";
  const bool in_pod = environment("KUBERNETES_SERVICE_HOST") != nullptr;
  const bool kubelet_named = !settings.kubelet_url.empty() || !settings.kubelet_ca_file.empty() ||
                             settings.kubelet_insecure;
  if (source == "pods-api" || (automatic && !kubelet_socket(settings).empty())) {
    options.live.push_back(pods_api_choice(settings));
  }
  if (source == "apiserver" || (automatic && (in_pod || !settings.kubeconfig.empty()))) {
    options.live.push_back(apiserver_choice(settings, node_name, environment));
  } else if (automatic) {
    options.not_asked.emplace_back(
        "apiserver: this is not a pod, and no --pods.kubeconfig says where it is");
  }
  if (source == "kubelet" || (automatic && kubelet_named)) {
    options.live.push_back(kubelet_choice(settings));
  } else if (automatic) {
    options.not_asked.emplace_back("kubelet: no --pods.kubelet-* flag is given");
  }
  return options;
}

PodSourceOptions pod_source_options(const PodSourceSettings& settings,
                                    const std::string& node_name) {
  return pod_source_options(settings, node_name, own_environment);
}

Result<ClusterAccess> apiserver_access(const PodSourceSettings& settings) {
  return apiserver_access(settings, own_environment);
}

}  // namespace hostnet
