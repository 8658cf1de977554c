#include "agent/findings/context/port_risks.h"

#include "agent/config/port_numbers.h"

namespace hostnet {

std::vector<Verdict> risks_of_port(Protocol protocol, std::uint16_t port, const PortSnapshot& table,
                                   const Policy& policy) {
  std::vector<Verdict> risks;
  if (may_be_taken_by_a_connection(port, table.ranges)) {
    risks.push_back(Verdict::in_ephemeral_range);
  }
  if (policy.node_port_range.contains(port)) risks.push_back(Verdict::in_node_port_range);
  if (reservation_of(protocol, port, policy) != nullptr) risks.push_back(Verdict::reserved_port);
  if (protocol == Protocol::sctp && !table.coverage.sctp) {
    risks.push_back(Verdict::unsupported_protocol);
  }
  return risks;
}

}  // namespace hostnet
