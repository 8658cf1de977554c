#pragma once

#include <string>

#include "agent/ports/holder.h"

namespace hostnet {

// Holder::name, the first that is known of: namespace/pod, a rule's Service or owner, the kernel's
// device, a container's runtime and id or name, the unit (not a bare slice), the comm, "pod <uid>",
// the slice.
std::string name_of(const Holder& holder);

// The result of name_of() before it named containers, users' units and .socket units as such; "" if
// it is the same. Older `ignore` rules still match. To be removed in version 3.
std::string former_name_of(const Holder& holder);

}  // namespace hostnet
