#pragma once

// Limits on what is kept of pods: a user who may create pods must not be able to exhaust the
// agent's memory. Real pods stay far below.

#include <cstddef>
#include <string_view>

#include "agent/document/parse_document.h"
#include "agent/pods/pod.h"

namespace hostnet {

inline constexpr std::size_t kMostPortsOfAPod = 1000;
inline constexpr std::size_t kMostContainersOfAPod = 256;
inline constexpr std::size_t kMostPods = 2000;  // a kubelet runs a few hundred
inline constexpr std::size_t kMostPortsOfANode =
    3'000;  // of all pods together; each may lead to several findings
// What those ports have of names, states and host IPs: each has a copy in everything said of it.
// Ordinary ports have 170 to 210 bytes: it is used up by about 2,000 of them.
inline constexpr std::size_t kMostTextOfPorts = std::size_t{384} << 10;
inline constexpr std::size_t kMostContainersOfANode = 10'000;
inline constexpr std::size_t kLongestPodText = 512;
// As JSON; etcd stores at most 1.5 MiB per object, in a more compact form.
inline constexpr std::size_t kLongestPod = std::size_t{8} << 20;

// Reads the parts of a Pod object in JSON that a Pod keeps. Ports without a hostPort and containers
// without such ports never displace those with one: they declare nothing unless the pod uses
// hostNetwork.
class PodFilter final : public JsonFilter {
 public:
  bool keep_member(std::string_view parent, std::string_view key) override;
  bool keep_item(std::string_view key, const Value& item) override;
  std::size_t longest_text() const override { return kLongestPodText; }

  // How many ports with and without a hostPort were dropped.
  std::size_t host_ports_cut() const { return host_ports_cut_; }
  std::size_t other_ports_cut() const { return other_ports_cut_; }

 private:
  bool keep_port(const Value& port);
  bool keep_container(const Value& container);

  std::size_t host_ports_{}, other_ports_{}, containers_with_ports_{}, other_containers_{};
  std::size_t other_items_{};
  std::size_t host_ports_cut_{}, other_ports_cut_{};
};

// Drops ports that declare nothing and those beyond kMostPortsOfAPod; counts the latter in
// Pod::ports_cut.
void limit_ports(Pod& pod);

// The number of ports kept of a pod.
std::size_t kept_ports(const Pod& pod);

// The budget of all pods of a node together: counts each pod that is kept, and once it is used up
// strips further pods of their ports, or of their containers. Cuts texts that are longer than
// Kubernetes allows: every port has a copy of them.
class PortBudget {
 public:
  void take(Pod& pod);
  void give_back(const Pod& pod);

 private:
  std::size_t used_{}, text_{}, containers_{};
};

}  // namespace hostnet
