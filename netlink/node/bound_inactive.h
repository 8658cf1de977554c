#pragma once

#include <optional>

#include "netlink/netlink.h"

namespace hostnet {

// Whether this kernel tells of TCP sockets that are bound and do not listen
// (inet_diag's state bit 13, Linux 6.8 and backports), proven on a socket of our
// own that the kernel gives a free port of loopback for a moment. Done once, at
// start. Unset: it could not be tried.
std::optional<bool> proves_bound_inactive(Netlink& netlink);

}  // namespace hostnet
