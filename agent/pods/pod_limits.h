#pragma once

// How much of a pod is kept: whoever may create pods must not be able to make the
// agent grow. Real pods stay far below.

#include <cstddef>
#include <string_view>

#include "agent/document/parse_document.h"
#include "agent/pods/pod.h"

namespace hostnet {

inline constexpr std::size_t kMostPortsOfAPod = 1000;
inline constexpr std::size_t kMostContainersOfAPod = 256;
inline constexpr std::size_t kMostPods = 2000;  // a kubelet runs a few hundred
inline constexpr std::size_t kMostPortsOfANode =
    3'000;  // of all pods together; each may become some findings
inline constexpr std::size_t kMostContainersOfANode = 10'000;
inline constexpr std::size_t kLongestPodText = 512;
// In JSON; etcd keeps at most 1.5 MiB of an object, in a shorter form.
inline constexpr std::size_t kLongestPod = std::size_t{8} << 20;

// Reads of a Pod object in JSON what a Pod keeps. Ports without a hostPort and containers
// without such ports give way first: nothing is declared by them unless the pod has the
// host's network.
class PodFilter final : public JsonFilter {
 public:
  bool keep_member(std::string_view parent, std::string_view key) override;
  bool keep_item(std::string_view key, const Value& item) override;
  std::size_t longest_text() const override { return kLongestPodText; }

  // How many ports with a hostPort, and without, were left out.
  std::size_t host_ports_cut() const { return host_ports_cut_; }
  std::size_t other_ports_cut() const { return other_ports_cut_; }

 private:
  bool keep_port(const Value& port);
  bool keep_container(const Value& container);

  std::size_t host_ports_{}, other_ports_{}, containers_with_ports_{}, other_containers_{};
  std::size_t other_items_{};
  std::size_t host_ports_cut_{}, other_ports_cut_{};
};

// Leaves out the ports that declare nothing, and what is beyond kMostPortsOfAPod, and
// counts these in Pod::ports_cut.
void limit_ports(Pod& pod);

// How many ports of a pod are kept.
std::size_t kept_ports(const Pod& pod);

// What all pods of a node may have together: takes note of each pod that is kept, and
// strips the ports, or the containers, of what comes when it is full. Texts that are longer than
// Kubernetes allows are cut: each port has them once more.
class PortBudget {
 public:
  void take(Pod& pod);
  void give_back(const Pod& pod);

 private:
  std::size_t used_{}, containers_{};
};

}  // namespace hostnet
