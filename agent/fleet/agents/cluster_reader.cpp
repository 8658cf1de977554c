#include "agent/fleet/agents/cluster_reader.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

#include "agent/kube/backoff.h"
#include "agent/kube/json_cutter.h"
#include "agent/kube/kube_list.h"
#include "agent/log/log.h"
#include "agent/pods/pod_limits.h"
#include "agent/pods/read_pod.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr int kPageSize = 500;  // as kubectl
constexpr int kMostPages = 10'000;
constexpr int kAttempts = 4;
// Upper limits of a list: a cluster has at most 5,000 nodes and 150,000 pods.
constexpr std::size_t kMostNodes = 50'000;
constexpr std::size_t kLongestNode = std::size_t{4} << 20;

std::string environment_text(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

// $KUBECONFIG may be a list: the first file that has the context is used. kubectl would merge them.
Result<ClusterAccess> read_one_of(const std::string& files, const std::string& context) {
  Result<ClusterAccess> access = failure(Reason::vanished, "KUBECONFIG names no file");
  std::string_view rest = files;
  while (!rest.empty() && !access) {
    const std::string file(take_until(rest, ':'));
    if (!file.empty()) access = read_kubeconfig(file, context);
  }
  return access;
}

Error error_of(const KubeReply& reply, const std::string& needs) {
  std::string message = reply.problem;
  if (reply.status == 403 && !needs.empty()) message += "; it needs " + needs;
  return {.reason = reason_of(reply), .system_error = 0, .message = message};
}

// Whether to retry the request. Returns after the pause.
bool wait_to_retry(const KubeReply& reply, int attempt, Backoff& backoff) {
  if (reply.status != 429 || attempt >= kAttempts) return false;
  std::this_thread::sleep_for(backoff.next(random_share(), reply.retry_after));
  return true;
}

ClusterNode read_node(std::string_view object) {
  const ParsedDocuments parsed = parse_json(object);
  ClusterNode node;
  if (parsed.documents.empty()) return node;
  const Value* metadata = parsed.documents.front().root.find("metadata");
  if (metadata == nullptr) return node;
  if (const Value* name = metadata->find("name")) node.name = name->text;
  if (const Value* labels = metadata->find("labels")) {
    for (const Member& label : labels->members) {
      node.labels.emplace_back(label.key, label.value.text);
    }
  }
  return node;
}

}  // namespace

Result<ClusterAccess> fleet_access(const FleetOptions& options) {
  if (options.server) return *options.server;
  if (!options.kubeconfig.empty()) return read_kubeconfig(options.kubeconfig, options.context);
  const std::string listed = environment_text("KUBECONFIG");
  if (!listed.empty()) return read_one_of(listed, options.context);
  const auto usual = std::filesystem::path(environment_text("HOME")) / ".kube" / "config";
  std::error_code unreadable;
  if (std::filesystem::exists(usual, unreadable)) {
    return read_kubeconfig(usual.string(), options.context);
  }
  auto inside = in_cluster_access([](const char* name) { return std::getenv(name); });
  if (inside) return inside;
  return failure(Reason::vanished, "there is no kubeconfig: give --kubeconfig=FILE");
}

std::string pods_path(const std::string& space) {
  return space.empty() ? "/api/v1/pods"
                       : fmt::format("/api/v1/namespaces/{}/pods", percent_encoded(space));
}

// Returns the start of the next page, "" after the last one.
Result<std::string> ClusterReader::page(const std::string& path, const std::string& needs,
                                        const std::function<void(std::string_view)>& on_item) {
  Backoff backoff;
  for (int attempt = 1;; ++attempt) {
    std::string next;
    const KubeReply reply = read_list(
        client_, path, kLongestPod,
        {.on_metadata = [&](std::string_view value) { next = json_member(value, {"continue"}); },
         .on_item = on_item});
    if (reply.problem.empty()) return next;
    if (!wait_to_retry(reply, attempt, backoff)) return std::unexpected(error_of(reply, needs));
  }
}

Result<> ClusterReader::list(const std::string& path, const std::string& needs,
                             const std::function<void(std::string_view)>& on_item) {
  const std::string first =
      fmt::format("{}{}limit={}", path, path.contains('?') ? "&" : "?", kPageSize);
  std::string next;
  for (int pages = 0; pages < kMostPages; ++pages) {
    auto token =
        page(next.empty() ? first : first + "&continue=" + percent_encoded(next), needs, on_item);
    if (!token) return std::unexpected(token.error());
    if (token->empty()) return {};
    next = *std::move(token);
  }
  return failure(Reason::malformed, "the list does not end");
}

Result<std::vector<ClusterNode>> ClusterReader::nodes() {
  std::vector<ClusterNode> nodes;
  auto done = list("/api/v1/nodes", "nodes: list", [&](std::string_view item) {
    if (item.size() > kLongestNode || nodes.size() >= kMostNodes) return;
    ClusterNode node = read_node(item);
    if (!node.name.empty()) nodes.push_back(std::move(node));
  });
  if (!done) return std::unexpected(done.error());
  return nodes;
}

Result<> ClusterReader::pods(const std::string& space, const std::string& parameters,
                             const OnPod& on_pod) {
  return list(pods_path(space) + "?" + parameters, "pods: list", [&](std::string_view item) {
    if (auto pod = read_pod_json(item)) on_pod(*pod, item);
  });
}

Result<std::vector<Pod>> ClusterReader::labelled(const FleetOptions& options,
                                                 const std::string& space) {
  std::vector<Pod> agents;
  auto done = pods(space, "labelSelector=" + percent_encoded(options.selector),
                   [&](Pod& pod, std::string_view /*object*/) {
                     if (agents.size() < kMostNodes) agents.push_back(std::move(pod));
                   });
  if (!done) return std::unexpected(done.error());
  return agents;
}

Result<std::vector<Pod>> ClusterReader::agents(const FleetOptions& options) {
  const std::string& wanted = options.namespace_;
  auto found = labelled(options, wanted);
  if (!found && wanted.empty() && found.error().reason == Reason::denied) {
    found = labelled(options, std::string(kUsualNamespace));
  }
  if (!found) return found;
  if (found->empty()) {
    return failure(Reason::vanished,
                   fmt::format("there is no pod with the label {}{}: are the agents installed? "
                               "--namespace and --selector say where they are",
                               options.selector, wanted.empty() ? "" : " in " + wanted));
  }
  const auto believed = namespace_of_agents(*found);
  if (!believed) {
    return failure(Reason::malformed,
                   fmt::format("pods with the label {} are in several namespaces: say with "
                               "--namespace which ones are the agents",
                               options.selector));
  }
  const auto others =
      std::erase_if(*found, [&](const Pod& pod) { return pod.namespace_ != *believed; });
  if (others > 0) {
    log::complain(fmt::format("{} pods with the agents' label are not in {} and are not asked",
                              others, *believed));
  }
  return found;
}

Result<std::string> ClusterReader::object(const std::string& path) {
  KubeAnswer answer =
      client_.send({.method = KubeMethod::get, .path = path, .content_type = {}, .body = {}});
  if (!answer.reply.problem.empty()) return std::unexpected(error_of(answer.reply, ""));
  return std::move(answer.body);
}

}  // namespace hostnet
