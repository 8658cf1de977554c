#pragma once

#include <memory>

#include "agent/http/peers/peer_share.h"
#include "netlink/netlink.h"

namespace hostnet {

// Finds out for the HTTP server who on this machine connects to it, from the
// kernel's socket table.
FindLocalPeer find_local_peers(std::shared_ptr<Netlink> netlink);

}  // namespace hostnet
