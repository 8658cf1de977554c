#pragma once

#include <span>
#include <string>

#include "agent/preflight/preflight.h"
#include "agent/render/output_format.h"

namespace hostnet {

// `doctor`: a line per check, with its fix where one is needed. As JSON:
// {"api_version","checks":[{"name","level","found","fix"}]}.
std::string render_doctor(OutputFormat form, std::span<const PreflightCheck> checks);

}  // namespace hostnet
