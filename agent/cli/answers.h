#pragma once

#include "agent/cli/commands.h"
#include "agent/render/exit_codes.h"
#include "netlink/base/error.h"

namespace hostnet {

// From the running agent if --from allows that and there is a trusted one, else from a scan of its
// own. `options.style` is that of the output.
Result<CallAnswer> findings_answer(const CommandOptions& options, FindingClass finding_class);
Result<CallAnswer> ports_answer(const CommandOptions& options);
Result<CallAnswer> check_answer(const CommandOptions& options);
Result<CallAnswer> history_answer(const CommandOptions& options);

}  // namespace hostnet
