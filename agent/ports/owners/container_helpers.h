#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "netlink/facts.h"

namespace hostnet {

// A program of a container runtime that has ports of the host for its containers.
struct ContainerHelper {
  std::string_view runtime;
  bool runtimes_own{};  // of a runtime that is also a node component: the container is meant
  // It is in the container's network namespace. Who is in the host's is the daemon, for itself.
  bool in_containers_network{};
};

// Which helper an executable is, by its file name and the unit it runs in; nothing: none.
// `of_user`: it is not root's. A socket that the runtime has for itself (Docker's API) is none.
std::optional<ContainerHelper> container_helper(std::string_view exe, std::string_view unit,
                                                bool of_user, const Socket& socket);

}  // namespace hostnet
