// Outgoing connections may take ports from the NodePort range.

#include <fmt/format.h>

#include <algorithm>

#include "agent/config/port_numbers.h"
#include "agent/findings/rules/rules.h"
#include "agent/ports/port_ranges.h"

namespace hostnet::rules {

void node_port_range_in_ephemeral_range(const FindingContext& context,
                                        std::vector<Finding>& found) {
  const auto& [nodes_first, nodes_last] = context.policy.node_port_range;
  const auto& [first, last] = context.table.ranges.ephemeral;
  const unsigned from = std::max(first, nodes_first);
  const unsigned to = std::min(last, nodes_last);
  bool exposed = false;
  for (unsigned port = from; port <= to && !exposed; ++port) {
    exposed = may_be_taken_by_a_connection(port, context.table.ranges);
  }
  if (!exposed) return;
  Finding finding = make_finding(Verdict::node_port_range_in_ephemeral_range, {}, {}, "");
  finding.explanation = fmt::format(
      "Outgoing connections of this node may take ports of the NodePort range: {}-{} meets the "
      "ephemeral range {}-{}.",
      nodes_first, nodes_last, first, last);
  auto ranges = context.table.ranges.reserved;
  ranges.push_back(context.policy.node_port_range);
  finding.remedy = "sysctl -w net.ipv4.ip_local_reserved_ports=" + port_list(std::move(ranges));
  found.push_back(std::move(finding));
}

}  // namespace hostnet::rules
