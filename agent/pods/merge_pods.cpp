#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "agent/pods/pod.h"

namespace hostnet {
namespace {

// A record of future pods of a workload, not of a running pod: read_manifests() gives it the name
// of the workload.
bool is_template(const Pod& pod) {
  return pod.uid.empty() && !pod.workload.empty() && pod.workload.ends_with("/" + pod.name);
}

bool from_live_source(const Pod& pod) {
  return pod.source != "manifests";
}

std::string without_node_suffix(const std::string& name, std::string_view node_name) {
  if (node_name.empty()) return name;
  const std::string suffix = "-" + std::string(node_name);
  if (name.size() <= suffix.size() || !name.ends_with(suffix)) return name;
  return name.substr(0, name.size() - suffix.size());
}

// All keys that identify the pod by UID. Records that share one are the same pod.
std::vector<std::string> uid_keys(const Pod& pod) {
  std::vector<std::string> keys;
  if (!pod.uid.empty()) keys.push_back("uid " + pod.uid);
  if (!pod.config_hash.empty()) keys.push_back("uid " + pod.config_hash);
  return keys;
}

std::vector<std::string> name_keys(const Pod& pod, std::string_view node_name) {
  std::vector<std::string> keys;
  if (!is_template(pod)) {
    keys.push_back("pod " + pod.namespace_ + "/" + pod.name);
    const std::string short_name = without_node_suffix(pod.name, node_name);
    if (short_name != pod.name) keys.push_back("pod " + pod.namespace_ + "/" + short_name);
  }
  if (!pod.workload.empty()) keys.push_back("workload " + pod.namespace_ + "/" + pod.workload);
  return keys;
}

void fill_text(std::string& field, const std::string& other) {
  if (field.empty()) field = other;
}

template <class T>
void fill_optional(std::optional<T>& field, const std::optional<T>& other) {
  if (!field) field = other;
}

void fill_container(Container& container, const Container& other) {
  if (container.ports.empty()) container.ports = other.ports;
  fill_text(container.id, other.id);
  if (container.state.empty()) {
    container.state = other.state;
    fill_text(container.reason, other.reason);
  }
  fill_optional(container.restarts, other.restarts);
  fill_optional(container.ready, other.ready);
  fill_optional(container.ready_since, other.ready_since);
  fill_optional(container.last_termination, other.last_termination);
}

void fill_pod(Pod& pod, const Pod& other) {
  fill_text(pod.uid, other.uid);
  fill_text(pod.config_hash, other.config_hash);
  fill_text(pod.workload, other.workload);
  fill_text(pod.node_name, other.node_name);
  fill_text(pod.dns_policy, other.dns_policy);
  if (pod.phase.empty()) {
    pod.phase = other.phase;
    fill_text(pod.status_reason, other.status_reason);
  }
  if (pod.pod_ips.empty()) pod.pod_ips = other.pod_ips;
  if (pod.host_ips.empty()) pod.host_ips = other.host_ips;
  fill_optional(pod.deleted_at, other.deleted_at);
  fill_optional(pod.grace_seconds, other.grace_seconds);
  fill_optional(pod.finished_at, other.finished_at);
  fill_text(pod.origin, other.origin);
  if (pod.containers.empty()) {
    pod.containers = other.containers;
    pod.host_network = pod.host_network || other.host_network;
  }
  for (Container& container : pod.containers) {
    const auto same = std::ranges::find(other.containers, container.name, &Container::name);
    if (same != other.containers.end()) fill_container(container, *same);
  }
  // kubelet's own record of a static pod has the hash as its UID; the API server knows the UID of
  // its mirror pod.
  if (pod.config_hash.empty() || pod.uid != pod.config_hash) return;
  if (!other.uid.empty() && other.uid != pod.uid) pod.uid = other.uid;
}

// Groups records of the same pod: each joins the first group that has one of its keys.
class RecordGroups {
 public:
  explicit RecordGroups(std::string_view node_name) : node_name_(node_name) {}

  void add(std::size_t record, const Pod& pod) {
    const auto uids = uid_keys(pod);
    const auto names = name_keys(pod, node_name_);
    auto group = group_of(uids);
    if (!group && pod.uid.empty()) {
      // A workload may have several pods: only a template joins a group by workload.
      group = group_of(names, is_template(pod));
    }
    const std::size_t joined = group.value_or(record);
    members_[joined].push_back(record);
    for (const auto& key : uids) groups_.emplace(key, joined);
    for (const auto& key : names) groups_.emplace(key, joined);
  }

  // The records of each pod.
  const auto& members() const { return members_; }

 private:
  std::optional<std::size_t> group_of(const std::vector<std::string>& keys,
                                      bool by_workload = true) const {
    for (const std::string& key : keys) {
      if (!by_workload && key.starts_with("workload ")) continue;
      if (const auto known = groups_.find(key); known != groups_.end()) return known->second;
    }
    return std::nullopt;
  }

  std::string_view node_name_;
  std::map<std::string, std::size_t> groups_;  // key -> first record of the group
  std::map<std::size_t, std::vector<std::size_t>> members_;
};

// The record of a live source, if possible with a UID, completed from the others.
Pod merge(std::vector<Pod>& pods, std::vector<std::size_t> records) {
  std::ranges::sort(records, {}, [&](std::size_t i) {
    return std::tuple(!from_live_source(pods[i]), pods[i].uid.empty(), i);
  });
  Pod winner = std::move(pods[records.front()]);
  for (std::size_t i = 1; i < records.size(); ++i) fill_pod(winner, pods[records[i]]);
  return winner;
}

}  // namespace

std::vector<Pod> merge_pods(std::vector<Pod> pods, std::string_view node_name) {
  // Records with a UID first: two pods with the same name and different UIDs (one terminating, its
  // successor) stay separate, and a record without UID joins one of them.
  RecordGroups groups(node_name);
  for (const bool without_uid : {false, true}) {
    for (std::size_t i = 0; i < pods.size(); ++i) {
      if (pods[i].uid.empty() == without_uid) groups.add(i, pods[i]);
    }
  }
  std::map<std::size_t, Pod> merged;  // by their first record
  for (const auto& [group, records] : groups.members()) {
    merged.emplace(std::ranges::min(records), merge(pods, records));
  }
  std::vector<Pod> result;
  result.reserve(merged.size());
  for (auto& [first, pod] : merged) result.push_back(std::move(pod));
  return result;
}

}  // namespace hostnet
