#include "agent/pods/pod.h"

namespace hostnet {

std::string_view to_string(ContainerType type) {
  switch (type) {
    case ContainerType::container: return "container";
    case ContainerType::sidecar: return "sidecar";
    case ContainerType::init: return "init";
    case ContainerType::ephemeral: return "ephemeral";
  }
  return "container";
}

std::string_view to_string(PortMode mode) {
  return mode == PortMode::host_network ? "hostNetwork" : "hostPort";
}

}  // namespace hostnet
