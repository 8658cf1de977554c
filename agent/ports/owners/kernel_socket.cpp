#include "agent/ports/owners/kernel_socket.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace hostnet {
namespace {

struct KernelService {
  Protocol protocol;
  std::uint16_t first, last;
  bool only_clients{};  // the kernel connects to it, and listens nowhere
};
constexpr auto kTcp = Protocol::tcp;
constexpr auto kUdp = Protocol::udp;
constexpr auto kServices = std::to_array<KernelService>({
    {kTcp, 445, 445},          // ksmbd, SMB clients
    {kTcp, 564, 564, true},    // 9P
    {kTcp, 988, 988},          // Lustre
    {kUdp, 1701, 1701},        // L2TP
    {kUdp, 2049, 2049},        // nfsd
    {kTcp, 2049, 2049},        //
    {kUdp, 2152, 2152},        // gtp
    {kTcp, 3260, 3260},        // iSCSI target (LIO)
    {kTcp, 3300, 3300, true},  // Ceph
    {kUdp, 3386, 3386},        // gtp, version 0
    {kTcp, 4045, 4045},        // lockd
    {kUdp, 4045, 4045},        //
    {kTcp, 4420, 4420},        // NVMe target
    {kUdp, 4789, 4791},        // vxlan, vxlan-gpe, RoCE v2 (rxe)
    {kUdp, 6081, 6081},        // geneve
    {kUdp, 6118, 6118},        // TIPC
    {kUdp, 6635, 6635},        // bareudp: MPLS
    {kTcp, 6789, 7568, true},  // Ceph
    {kUdp, 7001, 7001},        // rxrpc: AFS
    {kTcp, 7777, 7799},        // o2net, DRBD
    {kUdp, 8472, 8472},        // vxlan of Linux, flannel and Cilium
    {kUdp, 8848, 8848},        // IPVS' synchronization
    {kTcp, 16385, 16385},      // RDS
    {kTcp, 21064, 21064},      // dlm
    {kUdp, 51820, 51821},      // WireGuard; flannel's
    {kUdp, 51871, 51871},      // WireGuard of Cilium
});

}  // namespace

const Link* tunnel_of(const Socket& socket, std::span<const Link> links) {
  if (socket.protocol != Protocol::udp || socket.state != SocketState::close) return nullptr;
  if (!socket.local.is_wildcard()) return nullptr;
  const auto found = std::ranges::find_if(links, [&](const Link& link) {
    return link.tunnel_port == socket.local_port &&
           (socket.interface == 0 || socket.interface == link.tunnel_link);
  });
  return found == links.end() ? nullptr : &*found;
}

bool is_of_kernel_service(const Socket& socket) {
  return std::ranges::any_of(kServices, [&](const KernelService& service) {
    const auto has = [&](std::uint16_t port) {
      return port >= service.first && port <= service.last;
    };
    return service.protocol == socket.protocol &&
           (has(socket.peer_port) || (!service.only_clients && has(socket.local_port)));
  });
}

}  // namespace hostnet
