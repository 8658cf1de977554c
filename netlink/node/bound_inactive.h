#pragma once

#include <optional>

#include "netlink/netlink.h"

namespace hostnet {

// Whether this kernel reports TCP sockets that are bound and do not listen
// (inet_diag's state bit 13, Linux 6.8 and backports), tested with a socket of our
// own that briefly holds a free loopback port chosen by the kernel. Done once, at
// start. Unset: the test could not be done.
std::optional<bool> proves_bound_inactive(Netlink& netlink);

}  // namespace hostnet
