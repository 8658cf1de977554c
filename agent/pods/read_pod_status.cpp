#include <algorithm>
#include <string_view>
#include <vector>

#include "agent/pods/read_pod.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

std::optional<WallTime> status_time(const Value* map, std::string_view key) {
  return parse_rfc3339(text_of(map, key));
}

void keep_later(std::optional<WallTime>& latest, const std::optional<WallTime>& time) {
  if (time && (!latest || *latest < *time)) latest = time;
}

// From the pod's conditions: since when all containers are ready, and the time of the last change.
struct ConditionTimes {
  std::optional<WallTime> all_ready_since, last_change;
};

ConditionTimes read_conditions(const Value& status) {
  ConditionTimes times;
  const Value* conditions = status.find("conditions");
  if (conditions == nullptr) return times;
  for (const Value& condition : conditions->items) {
    const auto changed = status_time(&condition, "lastTransitionTime");
    keep_later(times.last_change, changed);
    if (text_of(&condition, "type") == "ContainersReady" &&
        text_of(&condition, "status") == "True") {
      times.all_ready_since = changed;
    }
  }
  return times;
}

// A list of {ip: …}; or the single one if an older server has no list.
std::vector<std::string> read_ips(const Value& status, std::string_view list,
                                  std::string_view single) {
  std::vector<std::string> ips;
  if (const Value* items = status.find(list)) {
    for (const Value& ip : items->items) {
      if (auto text = text_of(&ip, "ip"); !text.empty()) ips.push_back(std::move(text));
    }
  }
  if (auto ip = text_of(&status, single); ips.empty() && !ip.empty()) {
    ips.push_back(std::move(ip));
  }
  return ips;
}

// "containerd://<id>": the runtime's name is not needed here.
std::string id_without_scheme(const std::string& text) {
  const auto scheme = text.find("://");
  return scheme == std::string::npos ? text : text.substr(scheme + 3);
}

// The latest termination: the container's own if it has terminated, the previous one's if it is
// running or waiting.
std::optional<Termination> read_termination(const Value& status) {
  for (const std::string_view name : {"state", "lastState"}) {
    const Value* state = status.find(name);
    const Value* detail = state == nullptr ? nullptr : state->find("terminated");
    if (detail == nullptr) continue;
    const Value* code = detail->find("exitCode");
    const auto number = code == nullptr ? std::nullopt : code->integer();
    if (!number) continue;
    return Termination{.exit_code = static_cast<int>(std::clamp<std::int64_t>(*number, -1, 255)),
                       .finished_at = status_time(detail, "finishedAt"),
                       .id = id_without_scheme(text_of(detail, "containerID"))};
  }
  return std::nullopt;
}

void read_container_status(const Value& status, const ConditionTimes& times, Pod& pod) {
  const auto container =
      std::ranges::find(pod.containers, text_of(&status, "name"), &Container::name);
  if (container == pod.containers.end()) return;
  container->id = id_without_scheme(text_of(&status, "containerID"));
  if (const Value* restarts = status.find("restartCount")) {
    if (const auto count = restarts->integer()) {
      container->restarts = static_cast<int>(std::clamp<std::int64_t>(*count, 0, 2'000'000'000));
    }
  }
  if (const Value* ready = status.find("ready")) container->ready = ready->boolean();
  container->last_termination = read_termination(status);
  const Value* state = status.find("state");
  if (state == nullptr) return;
  for (const std::string_view name : {"running", "waiting", "terminated"}) {
    const Value* detail = state->find(name);
    if (detail == nullptr) continue;
    container->state = name;
    container->reason = text_of(detail, "reason");
    keep_later(pod.finished_at, status_time(detail, "finishedAt"));
    if (name == "running" && container->ready.value_or(false)) {
      // Not before it started and, if the pod reports since when all containers are ready, not
      // before that.
      container->ready_since = status_time(detail, "startedAt");
      keep_later(container->ready_since, times.all_ready_since);
    }
  }
}

}  // namespace

void read_pod_status(const Value& object, Pod& pod) {
  const Value* status = object.find("status");
  if (status == nullptr || !status->is_map()) return;
  pod.phase = text_of(status, "phase");
  pod.status_reason = text_of(status, "reason");
  pod.pod_ips = read_ips(*status, "podIPs", "podIP");
  pod.host_ips = read_ips(*status, "hostIPs", "hostIP");
  const ConditionTimes times = read_conditions(*status);
  for (const std::string_view key :
       {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"}) {
    const Value* list = status->find(key);
    if (list == nullptr) continue;
    for (const Value& one : list->items) read_container_status(one, times, pod);
  }
  // Only in a terminal phase does a container's end count as the pod's. A pod that kubelet refused
  // never had containers.
  if (!pod.terminal()) {
    pod.finished_at.reset();
  } else if (!pod.finished_at) {
    pod.finished_at = times.last_change ? times.last_change : status_time(status, "startTime");
  }
}

}  // namespace hostnet
