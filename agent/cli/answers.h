#pragma once

#include "agent/cli/commands.h"
#include "agent/render/exit_codes.h"
#include "netlink/base/error.h"

namespace hostnet {

// From the running agent where --from allows that and one is there to be believed, else of a scan
// of this call's own. `options.style` is whom to write for.
Result<CallAnswer> findings_answer(const CommandOptions& options, FindingClass finding_class);
Result<CallAnswer> ports_answer(const CommandOptions& options);
Result<CallAnswer> check_answer(const CommandOptions& options);
Result<CallAnswer> history_answer(const CommandOptions& options);

}  // namespace hostnet
