#include "netlink/bind_events/decode_bind_event.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>

#include "netlink/bind_events/wire.h"

namespace hostnet {
namespace {

constexpr std::uint32_t kLargestErrno = 4095;

Binder binder_of(const hostnet_binder& wire) {
  Binder binder{.at = SteadyTime(std::chrono::nanoseconds(wire.at)),
                .cgroup = wire.cgroup,
                .ancestors = {},
                .process = static_cast<int>(wire.process),
                .thread = static_cast<int>(wire.thread),
                .user = wire.user,
                .comm = {}};
  std::ranges::copy(wire.ancestors, binder.ancestors.begin());
  const auto* end = std::ranges::find(wire.comm, '\0');
  binder.comm.assign(std::begin(wire.comm), end);
  return binder;
}

bool is_process(const hostnet_binder& wire) {
  constexpr auto kLargest = static_cast<std::uint32_t>(INT32_MAX);
  return wire.process > 0 && wire.process <= kLargest && wire.thread > 0 &&
         wire.thread <= kLargest && wire.at <= INT64_MAX;
}

bool is_sound(const hostnet_bind_event& wire) {
  const bool refused = wire.kind == HOSTNET_BIND_REFUSED;
  return (refused || wire.kind == HOSTNET_BIND_DONE) && wire.port != 0 &&
         (wire.protocol == IPPROTO_TCP || wire.protocol == IPPROTO_UDP) &&
         (wire.family == AF_INET || wire.family == AF_INET6) && wire.error <= kLargestErrno &&
         is_process(wire.binder) &&
         (!refused || wire.before.cgroup == 0 || is_process(wire.before));
}

IpAddress address_of(const hostnet_bind_event& wire) {
  const bool v4 = wire.family == AF_INET;
  IpAddress address{.family = v4 ? AddressFamily::ipv4 : AddressFamily::ipv6, .bytes = {}};
  if (wire.kind == HOSTNET_BIND_DONE) return address;
  constexpr std::size_t kIpv4 = 4;
  std::copy_n(std::begin(wire.address), v4 ? kIpv4 : address.bytes.size(), address.bytes.begin());
  return address;
}

}  // namespace

Result<BindEvent> decode_bind_event(std::span<const std::byte> record) {
  hostnet_bind_event wire{};
  if (record.size() != sizeof wire) {
    return failure(Reason::malformed, "reading a bind event: it has another size");
  }
  std::memcpy(&wire, record.data(), sizeof wire);
  if (!is_sound(wire)) {
    return failure(Reason::malformed, "reading a bind event: it has impossible values");
  }
  BindEvent event{
      .kind = wire.kind == HOSTNET_BIND_REFUSED ? BindEvent::Kind::refused : BindEvent::Kind::done,
      .protocol = wire.protocol == IPPROTO_TCP ? Protocol::tcp : Protocol::udp,
      .address = address_of(wire),
      .port = wire.port,
      .error = static_cast<int>(wire.error),
      .binder = binder_of(wire.binder),
      .before = std::nullopt};
  if (wire.kind == HOSTNET_BIND_REFUSED && wire.before.cgroup != 0) {
    event.before = binder_of(wire.before);
  }
  return event;
}

}  // namespace hostnet
