#pragma once

#include <span>

#include "agent/http/job.h"

namespace hostnet {

// Calls the first job's handler and writes the answer to the connections of all
// jobs, which ask for the same (JobQueue::pop). Sets each job's status and what
// happens to its connection next. Waits briefly for the first job's reader, never
// for the others. On a worker.
void respond(std::span<const JobPtr> jobs, int gzip_level);

}  // namespace hostnet
