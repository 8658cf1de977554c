#include "tests/findings/scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hostnet {

IpAddress ip(std::string_view text) {
  return parse_ip(text).value();
}

Owner unit_owner(const std::string& unit, const std::string& comm, int pid, HolderKind kind) {
  Owner owner;
  owner.kind = kind;
  owner.processes = {{.pid = pid, .comm = comm}};
  owner.exe = "/usr/sbin/" + comm;
  owner.unit = unit;
  owner.cgroup = "/system.slice/" + unit;
  return owner;
}

Owner component_owner(const std::string& comm, int pid) {
  return unit_owner(comm + ".service", comm, pid, HolderKind::node_component);
}

Owner pod_owner(const std::string& uid, const std::string& comm, int pid) {
  Owner owner;
  owner.kind = HolderKind::pod;
  owner.processes = {{.pid = pid, .comm = comm}};
  owner.exe = "/" + comm;
  owner.pod_uid = uid;
  owner.container_id = std::string(64, 'a');
  owner.cgroup = "/kubepods.slice/kubepods-pod" + uid + ".slice/cri-containerd-x.scope";
  return owner;
}

Owner container_owner(const std::string& runtime, const std::string& id, const std::string& comm,
                      int pid) {
  Owner owner;
  owner.kind = HolderKind::unmanaged_container;
  owner.processes = {{.pid = pid, .comm = comm}};
  owner.exe = "/" + comm;
  owner.unit = runtime + "-" + id + ".scope";
  owner.container_id = id;
  owner.container_runtime = runtime;
  return owner;
}

Owner kernel_owner() {
  Owner owner;
  owner.kind = HolderKind::kernel;
  return owner;
}

Owner unknown_owner() {
  return {};
}

Holder listener(std::string_view address, std::uint16_t port, Owner owner) {
  Holder holder;
  Socket& socket = holder.socket;
  socket.protocol = Protocol::tcp;
  socket.state = SocketState::listen;
  socket.local = ip(address);
  socket.local_port = port;
  socket.peer.family = socket.local.family;
  if (socket.local.family == AddressFamily::ipv6) {
    socket.v6only = !socket.local.is_wildcard() && !socket.local.is_v4_mapped();
  }
  const int pid = owner.processes.empty() ? 0 : owner.processes.front().pid;
  socket.inode = 100'000U + static_cast<std::uint64_t>(pid) * 10 + port;
  socket.cookie = socket.inode;
  if (!owner.unit.empty()) {
    holder.name = owner.unit;
  } else if (!owner.processes.empty()) {
    holder.name = owner.processes.front().comm;
  }
  holder.owner = std::move(owner);
  return holder;
}

Holder udp(std::string_view address, std::uint16_t port, Owner owner) {
  Holder holder = listener(address, port, std::move(owner));
  holder.socket.protocol = Protocol::udp;
  holder.socket.state = SocketState::close;
  return holder;
}

Holder connection(std::string_view address, std::uint16_t port, std::string_view peer,
                  std::uint16_t peer_port, Owner owner) {
  Holder holder = listener(address, port, std::move(owner));
  holder.socket.state = SocketState::established;
  holder.socket.v6only.reset();
  holder.socket.peer = ip(peer);
  holder.socket.peer_port = peer_port;
  return holder;
}

Holder time_wait(std::string_view address, std::uint16_t port) {
  Holder holder = connection(address, port, "10.9.9.9", 443, unknown_owner());
  holder.socket.state = SocketState::time_wait;
  holder.socket.inode = 0;
  holder.socket.expires_ms = 41'500;
  return holder;
}

Pod cni_pod(const std::string& name, const std::string& uid) {
  Pod pod;
  pod.namespace_ = "default";
  pod.name = name;
  pod.uid = uid;
  pod.node_name = "n1";
  pod.phase = "Running";
  pod.dns_policy = "ClusterFirst";
  pod.source = "apiserver";
  Container container;
  container.name = "main";
  container.state = "running";
  container.ready = false;
  container.restarts = 0;
  pod.containers = {container};
  return pod;
}

Pod host_pod(const std::string& name, const std::string& uid) {
  Pod pod = cni_pod(name, uid);
  pod.host_network = true;
  pod.dns_policy = "ClusterFirstWithHostNet";
  return pod;
}

Pod& with_port(Pod& pod, std::uint16_t port, Protocol protocol, const std::string& host_ip) {
  pod.containers.front().ports.push_back({.name = "",
                                          .protocol = protocol,
                                          .container_port = port,
                                          .host_port = port,
                                          .host_ip = host_ip});
  return pod;
}

Pod& ready_since(Pod& pod, std::chrono::milliseconds ago) {
  pod.containers.front().ready = true;
  pod.containers.front().ready_since = kNow - ago;
  return pod;
}

Pod& crash_looping(Pod& pod) {
  Container& container = pod.containers.front();
  container.ready = false;
  container.ready_since.reset();
  container.state = "waiting";
  container.reason = "CrashLoopBackOff";
  container.restarts = 4;
  return pod;
}

Pod& of_workload(Pod& pod, const std::string& workload) {
  pod.workload = workload;
  return pod;
}

Scene::Scene() {
  table.coverage.every_owner = true;
  Link lo;
  lo.index = 1;
  lo.name = "lo";
  lo.type = 772;
  Link eth0;
  eth0.index = 2;
  eth0.name = "eth0";
  eth0.type = 1;
  table.links = {lo, eth0};
  const auto address = [this](std::uint32_t interface, std::string_view text, std::uint8_t prefix) {
    Address row;
    row.interface = interface;
    row.ip = ip(text);
    row.prefix_length = prefix;
    table.addresses.push_back(row);
  };
  address(1, "127.0.0.1", 8);
  address(1, "::1", 128);
  address(2, "10.0.0.1", 24);
  address(2, "fd00::1", 64);
  pods.source = "apiserver";
  pods.every_pod = true;
  pods.synced = true;
  pods.last_success = kNow;
}

Scene& Scene::hold(Holder holder) {
  PodIndex(std::make_shared<const PodSnapshot>(pods)).name(holder);
  table.holders.push_back(std::move(holder));
  return *this;
}

Scene& Scene::add(Pod pod) {
  pods.pods.push_back(std::move(pod));
  return *this;
}

NodeFindings Scene::judged() const {
  PortSnapshot named = table;
  const auto known = std::make_shared<const PodSnapshot>(pods);
  named.pods = std::make_shared<const PodIndex>(known);
  return judge_node(named, *known, policy, kNow);
}

std::vector<Finding> Scene::conflicts() const {
  auto found = findings();
  std::erase_if(found, [](const Finding& finding) {
    return class_of(finding.verdict) != FindingClass::conflict;
  });
  return found;
}

std::vector<Finding> Scene::of(Verdict verdict) const {
  auto found = findings();
  std::erase_if(found, [&](const Finding& finding) { return finding.verdict != verdict; });
  return found;
}

std::vector<std::string> Scene::conflict_names() const {
  std::vector<std::string> names;
  for (const Finding& finding : conflicts()) {
    names.push_back(fmt::format("{}/{} {} {}", finding.port.value_or(0),
                                to_string(finding.protocol.value_or(Protocol::sctp)),
                                to_string(finding.verdict), to_string(finding.severity)));
  }
  return names;
}

}  // namespace hostnet
