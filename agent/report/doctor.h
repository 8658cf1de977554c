#pragma once

#include <span>
#include <string>

#include "agent/footing/footing.h"
#include "agent/report/form.h"

namespace hostnet {

// `doctor`: a line per check, with its fix where one is needed. As JSON:
// {"api_version","checks":[{"name","level","found","fix"}]}.
std::string render_doctor(Form form, std::span<const FootingCheck> checks);

}  // namespace hostnet
