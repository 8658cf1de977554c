#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "netlink/facts.h"

namespace hostnet {

// A program of a container runtime that holds host ports for its containers.
struct ContainerHelper {
  std::string_view runtime;
  bool runtimes_own{};  // of a runtime that is also a node component: report the container
  // It runs in the container's network namespace. In the host's, it is the daemon itself.
  bool in_containers_network{};
};

// The helper for an executable, by its file name and its unit; unset: it is none. `of_user`: it
// does not belong to root. A runtime's own socket (Docker's API) is none.
std::optional<ContainerHelper> container_helper(std::string_view exe, std::string_view unit,
                                                bool of_user, const Socket& socket);

}  // namespace hostnet
