#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "agent/binds/refused_bind.h"

namespace hostnet {

// The newest first, immutable and shared.
using RefusedBinds = std::vector<std::shared_ptr<const RefusedBind>>;

inline constexpr std::size_t kLoggedRefusals = 256;

// `before` (null: nothing yet) plus one more, which is merged into the last one of the same process
// at the same port.
RefusedBinds with_refusal(const RefusedBinds* before, const RefusedBind& refused,
                          std::size_t limit = kLoggedRefusals);

}  // namespace hostnet
