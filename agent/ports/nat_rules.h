#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/ports/holder.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// The rules that send packets to this node's ports elsewhere, at one moment, by
// port. Immutable: many scans share one.
class NatRules {
 public:
  struct Facts {
    std::vector<NatRule> rules;  // in the order in which the kernel tries them
    // All that this node has was read and understood: a port without a rule here
    // is not forwarded by any.
    bool complete{};
    // kube-proxy, CNI portmap or a container runtime keeps such rules here.
    bool has_forwarder{};
  };
  explicit NatRules(Facts facts);

  const std::vector<NatRule>& rules() const { return facts_.rules; }
  bool complete() const { return facts_.complete; }
  bool has_forwarder() const { return facts_.has_forwarder; }
  // In the kernel's order. Valid as long as this.
  std::vector<const NatRule*> on_port(Protocol protocol, std::uint16_t port) const;

 private:
  Facts facts_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> by_port_;  // places in rules
  std::vector<std::uint32_t> wide_;
};

std::uint8_t ip_protocol_of(Protocol protocol);  // IPPROTO_*

// The protocols of `rule` that ports here have.
std::vector<Protocol> protocols_of(const NatRule& rule);

// Which pod (its UID) a pod's containers are of, by their ids and, where a rule
// wants that, by CRI-O's hash of them.
using PodsByContainer = std::map<std::string, std::string, std::less<>>;
// Of containers outside Kubernetes: "nerdctl", "docker"…
using RuntimesByContainer = std::map<std::string, std::string, std::less<>>;

}  // namespace hostnet
