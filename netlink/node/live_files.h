#pragma once

#include <memory>
#include <string>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

// The Files of this machine, or of any two directories with the layout of its procfs
// and sysfs (a fixture). Descriptors of both roots are held, so a mount that later
// covers them changes nothing. `clock` paces the cgroup walks. Fails when `procfs` is
// not a readable directory; without `sysfs` every path below sys/ returns the error
// of opening it.
Result<std::shared_ptr<Files>> live_files(const std::string& procfs, const std::string& sysfs,
                                          std::shared_ptr<Clock> clock);

}  // namespace hostnet
