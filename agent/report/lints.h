#pragma once

#include <span>
#include <string>

#include "agent/pods/lint.h"
#include "agent/report/form.h"

namespace hostnet {

// What `check -f` says about manifests themselves. `errors` are manifests that
// could not be read, one line each (file, document, line, what).

// WHERE (file:line), SEVERITY, LINT, POD, PORT, WHAT, WHAT TO DO; then each
// error on a line of its own; the last line counts: "1 critical, 2 warnings,
// 0 info; 1 manifest could not be read".
std::string lints_text(std::span<const Lint> lints, std::span<const std::string> errors);

// {"api_version":"v1","errors":["..."],"lints":[{"code","severity","file",
// "document","line","namespace","pod","workload","container","protocol","port",
// "message","remedy"}]}, one line; unknown numbers are null.
std::string lints_json(std::span<const Lint> lints, std::span<const std::string> errors);

// text or json; html is text.
std::string render_lints(Form form, std::span<const Lint> lints,
                         std::span<const std::string> errors);

}  // namespace hostnet
