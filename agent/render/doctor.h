#pragma once

#include <span>
#include <string>

#include "agent/preflight/preflight.h"
#include "agent/render/output_format.h"

namespace hostnet {

// `doctor`: a line per check, with its fix if one is needed. On a terminal (a style with a width)
// passed checks form a table, and each of the others is a block below it. As JSON:
// {"api_version","checks":[{"name","level","found","fix"}]}.
std::string render_doctor(const Output& output, std::span<const PreflightCheck> checks);

}  // namespace hostnet
