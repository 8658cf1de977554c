#pragma once

#include "agent/findings/check.h"
#include "agent/findings/report.h"

namespace hostnet {

// A node "n1" at 2026-11-21T20:00:00.123Z where nginx.service has the 8080 that
// default/web-1 wants, sshd listens on 22 over both families, a pod declares
// 30003 without listening, and one risk is ignored.
Report sample_report();

// What the parts of the sample are made of.
WallTime sample_time();
Holder sample_nginx();
DeclaredPort sample_declaration();
Finding sample_conflict();
CheckAnswer sample_check();

}  // namespace hostnet
