#pragma once

// Scenes with NAT rules.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/findings/scene.h"

namespace hostnet {

// "10.0.0.5:80", "[fd00::5]:80".
NatTarget nat_target(std::string_view text);
// As CNI portmap writes one over iptables, sandbox "sandbox".
NatRule host_port_rule(std::uint16_t port, std::string_view target);
// As kube-proxy does, of Service shop/web:http.
NatRule node_port_rule(std::uint16_t port, const std::vector<std::string>& targets);

// A pod of a network of its own, 10.244.0.7, with a hostPort.
Pod web_pod(std::uint16_t port = 80);
// A process outside Kubernetes, pid 8.
Holder nginx_listener(std::string_view address = "0.0.0.0", std::uint16_t port = 80);

struct NatScene : Scene {
  bool complete{true}, has_forwarder{true};
  std::optional<PodsByContainer> containers;  // as the cgroups tell; unset: they do not

  // Adds a rule, as the table's builder does; declares nothing.
  NatScene& rule(NatRule rule);
  NatScene& no_rules();

  NatScene& add(Pod pod) {
    Scene::add(std::move(pod));
    return *this;
  }
  NatScene& hold(Holder holder) {
    Scene::hold(std::move(holder));
    return *this;
  }

 private:
  void see(std::vector<NatRule> rules);
};

}  // namespace hostnet
