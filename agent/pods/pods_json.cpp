#include "agent/pods/pods_json.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "netlink/base/times.h"

namespace hostnet {
namespace {

using OrderedJson = nlohmann::ordered_json;

void put_text(OrderedJson& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

std::string_view protocol_name(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp: return "TCP";
    case Protocol::udp: return "UDP";
    case Protocol::sctp: return "SCTP";
  }
  return "TCP";
}

OrderedJson metadata_json(const Pod& pod) {
  OrderedJson metadata{{"name", pod.name}, {"namespace", pod.namespace_}};
  put_text(metadata, "uid", pod.uid);
  if (!pod.config_hash.empty()) {
    metadata["annotations"]["kubernetes.io/config.hash"] = pod.config_hash;
  }
  if (const auto slash = pod.workload.find('/'); slash != std::string::npos) {
    const std::string kind = pod.workload.substr(0, slash);
    // A mirror pod is owned by its node; the reader converts that to "Node/<pod>".
    const std::string name = kind == "Node" ? pod.node_name : pod.workload.substr(slash + 1);
    metadata["ownerReferences"] = {{{"kind", kind}, {"name", name}, {"controller", true}}};
  }
  if (pod.deleted_at) metadata["deletionTimestamp"] = rfc3339(*pod.deleted_at);
  if (pod.grace_seconds) metadata["deletionGracePeriodSeconds"] = *pod.grace_seconds;
  return metadata;
}

OrderedJson container_json(const Container& container) {
  OrderedJson object{{"name", container.name}};
  if (container.type == ContainerType::sidecar) object["restartPolicy"] = "Always";
  for (const ContainerPort& port : container.ports) {
    OrderedJson one;
    put_text(one, "name", port.name);
    one["containerPort"] = port.container_port;
    if (port.host_port != 0) one["hostPort"] = port.host_port;
    put_text(one, "hostIP", port.host_ip);
    one["protocol"] = protocol_name(port.protocol);
    object["ports"].push_back(std::move(one));
  }
  return object;
}

OrderedJson container_status_json(const Container& container) {
  OrderedJson status{{"name", container.name}};
  if (!container.id.empty()) status["containerID"] = "containerd://" + container.id;
  if (container.restarts) status["restartCount"] = *container.restarts;
  if (container.ready) status["ready"] = *container.ready;
  if (!container.state.empty()) {
    OrderedJson detail = OrderedJson::object();
    put_text(detail, "reason", container.reason);
    if (container.ready_since) detail["startedAt"] = rfc3339(*container.ready_since);
    status["state"][container.state] = std::move(detail);
  }
  if (const auto& ended = container.last_termination) {
    OrderedJson detail{{"exitCode", ended->exit_code}};
    if (ended->finished_at) detail["finishedAt"] = rfc3339(*ended->finished_at);
    if (!ended->id.empty()) detail["containerID"] = "containerd://" + ended->id;
    const char* state = container.state == "terminated" ? "state" : "lastState";
    status[state]["terminated"].update(detail);
  }
  return status;
}

struct ContainerKeys {
  const char* spec;
  const char* status;
};

ContainerKeys keys_of(ContainerType type) {
  switch (type) {
    case ContainerType::container: break;
    case ContainerType::sidecar:
    case ContainerType::init: return {"initContainers", "initContainerStatuses"};
    case ContainerType::ephemeral: return {"ephemeralContainers", "ephemeralContainerStatuses"};
  }
  return {"containers", "containerStatuses"};
}

OrderedJson pod_json(const Pod& pod) {
  OrderedJson spec;
  put_text(spec, "nodeName", pod.node_name);
  if (pod.host_network) spec["hostNetwork"] = true;
  put_text(spec, "dnsPolicy", pod.dns_policy);
  spec["containers"] = OrderedJson::array();
  OrderedJson status = OrderedJson::object();
  put_text(status, "phase", pod.phase);
  put_text(status, "reason", pod.status_reason);
  for (const std::string& ip : pod.pod_ips) status["podIPs"].push_back({{"ip", ip}});
  for (const std::string& ip : pod.host_ips) status["hostIPs"].push_back({{"ip", ip}});
  if (pod.finished_at) {
    status["conditions"] = {{{"type", "Ready"},
                             {"status", "False"},
                             {"lastTransitionTime", rfc3339(*pod.finished_at)}}};
  }
  for (const Container& container : pod.containers) {
    const ContainerKeys keys = keys_of(container.type);
    spec[keys.spec].push_back(container_json(container));
    status[keys.status].push_back(container_status_json(container));
  }
  return {
      {"metadata", metadata_json(pod)}, {"spec", std::move(spec)}, {"status", std::move(status)}};
}

}  // namespace

std::string redacted_pods_json(const std::vector<Pod>& pods) {
  OrderedJson list{{"apiVersion", "v1"}, {"kind", "PodList"}, {"items", OrderedJson::array()}};
  for (const Pod& pod : pods) list["items"].push_back(pod_json(pod));
  return list.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace hostnet
