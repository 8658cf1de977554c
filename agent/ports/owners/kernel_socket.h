#pragma once

#include <span>

#include "netlink/facts.h"

namespace hostnet {

// Sockets that the kernel opened for itself: no process holds them. Pure.

// The tunnel device (vxlan, geneve, WireGuard) whose UDP socket this is, or nullptr. Its
// socket is bound to every address and to no device but the tunnel's own.
const Link* tunnel_of(const Socket& socket, std::span<const Link> links);

// Whether the kernel is known to serve the local port (nfsd, lockd, ksmbd, iSCSI and NVMe targets,
// RoCE, GTP, DLM, DRBD, WireGuard's default), or to connect to the peer's port (NFS, SMB, iSCSI,
// NVMe, Ceph and 9P clients). Not sufficient alone: applies only if no process has the socket.
bool is_of_kernel_service(const Socket& socket);

}  // namespace hostnet
