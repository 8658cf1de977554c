#pragma once

#include <array>

#include "agent/pods/pod.h"

namespace hostnet {

// All modes.
inline constexpr std::array kPortModes{PortMode::host_network, PortMode::host_port};
inline constexpr std::array kContainerTypes{ContainerType::container, ContainerType::sidecar,
                                            ContainerType::init, ContainerType::ephemeral};

}  // namespace hostnet
