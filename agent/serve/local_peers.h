#pragma once

#include <memory>

#include "agent/http/peers/peer_share.h"
#include "netlink/netlink.h"

namespace hostnet {

// Tells the HTTP server who on this machine connects to it, by the kernel's
// table of sockets.
FindLocalPeer find_local_peers(std::shared_ptr<Netlink> netlink);

}  // namespace hostnet
