// The kernel may give the port to any outgoing connection.

#include <fmt/format.h>

#include "agent/config/port_numbers.h"
#include "agent/findings/context/remedy.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

std::optional<Finding> in_ephemeral_range(const Declaration& declaration,
                                          const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (!may_be_taken_by_a_connection(port.port, context.table.ranges)) return {};
  Finding finding = finding_about(Verdict::in_ephemeral_range, declaration, context);
  const auto [first, last] = context.table.ranges.ephemeral;
  finding.explanation = fmt::format(
      "{} declares {}, and any outgoing connection of this node may take that port first "
      "(ephemeral range {}-{}).",
      declarer(port), port_name(port), first, last);
  finding.remedy = reserve_command(context);
  return finding;
}

}  // namespace hostnet::rules
