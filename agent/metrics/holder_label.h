#pragma once

#include <string>
#include <string_view>

#include "agent/ports/holder.h"

namespace hostnet {

// The `holder` label of a holder: its name with what changes from one start to
// the next folded, so that a restart makes no new series: "session-3.scope" ->
// "session-*.scope", "docker-<id>.scope" -> "docker", "run-r<hex>.service" ->
// "run-*.service", a bare container id -> its runtime.
std::string holder_label(const Holder& holder);

// The same for a name alone.
std::string fold_transient_name(std::string_view name);

}  // namespace hostnet
