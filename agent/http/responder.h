#pragma once

#include "agent/http/job.h"

namespace hostnet {

// Calls a job's handler and writes the answer to its connection. Returns the
// status that was sent; sets what becomes of the connection. On a worker.
int respond(Job& job, int gzip_level);

}  // namespace hostnet
