#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/findings/check.h"
#include "agent/findings/context/filtered.h"
#include "agent/findings/context/overlap.h"

namespace hostnet {

// What check_port() found on the port, the most telling of each kind first.
struct CheckGrounds {
  Bind newcomer;
  std::vector<const Holder*> blocking, undecided, diverting, perhaps_diverting;
  std::vector<const DeclaredPort*> host_ports;  // that forward it to their pod
  std::optional<Filtered> filtered;
};

// Somebody may be on any port of this protocol and not be seen.
bool does_not_show(const PortSnapshot& table, Protocol protocol);

// CheckAnswer::explanation: one sentence for the answer's verdict. Pure.
std::string explain(const CheckAnswer& answer, const CheckGrounds& grounds,
                    const PortSnapshot& table);

}  // namespace hostnet
