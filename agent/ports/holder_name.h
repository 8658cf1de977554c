#pragma once

#include <string>

#include "agent/ports/holder.h"

namespace hostnet {

// Holder::name, by what is known: namespace/pod, a rule's Service or owner, the kernel's device, a
// container's runtime and id or name, the unit (not a bare slice), the comm, "pod <uid>", the
// slice.
std::string name_of(const Holder& holder);

// What name_of() said before it told containers, users' units and .socket units as they are; ""
// where that is the same. `ignore` rules of before still match. Until version 3.
std::string former_name_of(const Holder& holder);

}  // namespace hostnet
