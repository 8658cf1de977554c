#include "agent/pods/pod_limits.h"

#include <algorithm>
#include <array>

#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// Every field that read_pod() reads, at any depth.
constexpr std::array<std::string_view, 52> kKept{"apiVersion",
                                                 "kind",
                                                 "metadata",
                                                 "name",
                                                 "namespace",
                                                 "generateName",
                                                 "uid",
                                                 "resourceVersion",
                                                 "annotations",
                                                 "labels",
                                                 "ownerReferences",
                                                 "controller",
                                                 "deletionTimestamp",
                                                 "deletionGracePeriodSeconds",
                                                 "spec",
                                                 "nodeName",
                                                 "hostNetwork",
                                                 "hostPID",
                                                 "hostIPC",
                                                 "dnsPolicy",
                                                 "containers",
                                                 "initContainers",
                                                 "ephemeralContainers",
                                                 "restartPolicy",
                                                 "ports",
                                                 "containerPort",
                                                 "hostPort",
                                                 "hostIP",
                                                 "protocol",
                                                 "status",
                                                 "phase",
                                                 "reason",
                                                 "podIP",
                                                 "podIPs",
                                                 "hostIPs",
                                                 "ip",
                                                 "startTime",
                                                 "conditions",
                                                 "type",
                                                 "lastTransitionTime",
                                                 "containerStatuses",
                                                 "initContainerStatuses",
                                                 "ephemeralContainerStatuses",
                                                 "containerID",
                                                 "restartCount",
                                                 "ready",
                                                 "state",
                                                 "startedAt",
                                                 "finishedAt",
                                                 "lastState",
                                                 "exitCode",
                                                 "running"};
constexpr std::array<std::string_view, 2> kKeptStates{"waiting", "terminated"};
constexpr std::array<std::string_view, 2> kKeptAnnotations{"kubernetes.io/config.hash",
                                                           "kubernetes.io/config.mirror"};
// Statuses, conditions, owners and addresses of one pod together.
constexpr std::size_t kMostOtherItems = 2000;

bool is_container_list(std::string_view key) {
  return key == "containers" || key == "initContainers" || key == "ephemeralContainers";
}

// An RFC 1123 subdomain and label; a dual-stack pod has two addresses.
constexpr std::size_t kLongestName = 253, kLongestLabel = 63, kMostAddresses = 8;

void cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  text.resize(most);
  text.shrink_to_fit();
}

void cut_to_what_is_allowed(Pod& pod) {
  for (std::string* label : {&pod.namespace_, &pod.uid, &pod.config_hash, &pod.dns_policy,
                             &pod.phase, &pod.status_reason}) {
    cut(*label, kLongestLabel);
  }
  for (std::string* name : {&pod.name, &pod.workload, &pod.node_name}) cut(*name, kLongestName);
  for (auto* addresses : {&pod.pod_ips, &pod.host_ips}) {
    addresses->resize(std::min(addresses->size(), kMostAddresses));
  }
  for (Container& container : pod.containers) {
    for (std::string* label : {&container.name, &container.state, &container.reason}) {
      cut(*label, kLongestLabel);
    }
    for (ContainerPort& port : container.ports) {
      cut(port.name, kLongestLabel);
      cut(port.host_ip, kLongestLabel);
    }
  }
}

std::size_t text_of_ports(const Pod& pod) {
  std::size_t text = 0;
  for (const Container& container : pod.containers) {
    const std::size_t each = pod.namespace_.size() + pod.name.size() + pod.uid.size() +
                             pod.config_hash.size() + pod.workload.size() + pod.phase.size() +
                             pod.dns_policy.size() + container.name.size() +
                             container.state.size() + container.reason.size();
    for (const ContainerPort& port : container.ports) text += each + port.host_ip.size();
  }
  return text;
}

bool has_host_port(const Value& port) {
  const Value* number = port.find("hostPort");
  return number != nullptr && number->integer() != 0;
}

}  // namespace

bool PodFilter::keep_member(std::string_view parent, std::string_view key) {
  if (parent == "annotations") return contains(kKeptAnnotations, key);
  if (parent == "labels") return key == "pod-template-hash";
  return contains(kKept, key) || contains(kKeptStates, key);
}

bool PodFilter::keep_item(std::string_view key, const Value& item) {
  if (key == "ports") return keep_port(item);
  if (is_container_list(key)) return keep_container(item);
  return ++other_items_ <= kMostOtherItems;
}

bool PodFilter::keep_port(const Value& port) {
  const bool host_port = has_host_port(port);
  std::size_t& kept = host_port ? host_ports_ : other_ports_;
  if (kept >= kMostPortsOfAPod) {
    ++(host_port ? host_ports_cut_ : other_ports_cut_);
    return false;
  }
  ++kept;
  return true;
}

bool PodFilter::keep_container(const Value& container) {
  const Value* ports = container.find("ports");
  const auto host_ports =
      ports == nullptr
          ? 0
          : static_cast<std::size_t>(std::ranges::count_if(ports->items, has_host_port));
  std::size_t& kept = host_ports > 0 ? containers_with_ports_ : other_containers_;
  if (kept < kMostContainersOfAPod) {
    ++kept;
    return true;
  }
  host_ports_cut_ += host_ports;
  if (ports != nullptr) other_ports_cut_ += ports->items.size() - host_ports;
  return false;
}

void limit_ports(Pod& pod) {
  std::size_t kept = 0;
  for (Container& container : pod.containers) {
    std::erase_if(container.ports, [&](const ContainerPort& port) {
      if (port.host_port == 0 && !pod.host_network) return true;
      if (++kept <= kMostPortsOfAPod) return false;
      ++pod.ports_cut;
      return true;
    });
    container.ports.shrink_to_fit();
  }
}

std::size_t kept_ports(const Pod& pod) {
  std::size_t ports = 0;
  for (const Container& container : pod.containers) ports += container.ports.size();
  return ports;
}

void PortBudget::take(Pod& pod) {
  cut_to_what_is_allowed(pod);
  const std::size_t ports = kept_ports(pod);
  const std::size_t text = text_of_ports(pod);
  if (containers_ + pod.containers.size() > kMostContainersOfANode) {
    pod.ports_cut += ports;
    pod.containers = std::vector<Container>();  // {} would keep their memory
    return;
  }
  containers_ += pod.containers.size();
  if (used_ + ports <= kMostPortsOfANode && text_ + text <= kMostTextOfPorts) {
    used_ += ports;
    text_ += text;
    return;
  }
  pod.ports_cut += ports;
  for (Container& container : pod.containers) container.ports = std::vector<ContainerPort>();
}

void PortBudget::give_back(const Pod& pod) {
  used_ -= std::min(used_, kept_ports(pod));
  text_ -= std::min(text_, text_of_ports(pod));
  containers_ -= std::min(containers_, pod.containers.size());
}

}  // namespace hostnet
