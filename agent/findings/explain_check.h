#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/findings/check.h"
#include "agent/findings/context/filtered.h"
#include "agent/findings/context/overlap.h"

namespace hostnet {

// The holders that check_port() found on the port, the most relevant of each kind first.
struct CheckGrounds {
  Bind newcomer;
  std::vector<const Holder*> blocking, undecided, diverting, perhaps_diverting;
  std::vector<const DeclaredPort*> host_ports;  // that forward the port to their pod
  std::optional<Filtered> filtered;
};

// Whether an unseen process may hold any port of this protocol.
bool does_not_show(const PortSnapshot& table, Protocol protocol);

// CheckAnswer::explanation: one sentence about the answer's verdict. Pure.
std::string explain(const CheckAnswer& answer, const CheckGrounds& grounds,
                    const PortSnapshot& table);

}  // namespace hostnet
