#pragma once

#include <string>

#include "agent/ports/holder.h"

namespace hostnet {

// Holder::name, by what is known: namespace/pod, a rule's Service or owner, the
// kernel's device, the unit
// (not a bare slice), the comm, the container runtime, "pod <uid>", the slice.
std::string name_of(const Holder& holder);

}  // namespace hostnet
