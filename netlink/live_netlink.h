#pragma once

#include <memory>

#include "netlink/netlink.h"

namespace hostnet {

// The kernel's netlink (include/uapi/linux/netlink.h). Every call has its own socket,
// so one object serves many threads, of one network namespace: a few sockets whose
// reply was complete stay open for the next call.
//
// dump(): a dump that the kernel interrupts, or whose reply overruns the receive
// buffer, is repeated, five times at most; then Reason::exhausted with a message that
// names the request. A request without NLM_F_DUMP ends with the kernel's
// acknowledgement, which is always requested. Error messages include the kernel's
// explanation (NETLINK_EXT_ACK). 5 seconds without a byte are Reason::timeout.
// Memory: one buffer of 64 KiB per call.
//
// subscribe(): the socket has a receive buffer of 1 MiB if the process may have one
// (CAP_NET_ADMIN), else what net.core.rmem_max allows.
std::shared_ptr<Netlink> live_netlink();

}  // namespace hostnet
