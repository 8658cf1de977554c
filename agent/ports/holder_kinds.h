#pragma once

#include <array>

#include "agent/ports/holder.h"

namespace hostnet {

// All kinds, in order.
inline constexpr std::array kHolderKinds{HolderKind::node_component,
                                         HolderKind::pod,
                                         HolderKind::unmanaged_container,
                                         HolderKind::unmanaged_process,
                                         HolderKind::kernel,
                                         HolderKind::nat_rule,
                                         HolderKind::unknown};

}  // namespace hostnet
