#pragma once

// Generic netlink (include/uapi/linux/genetlink.h): many small protocols behind
// numbers that the kernel gives out when their modules come.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "netlink/messages.h"
#include "netlink/netlink.h"
#include "netlink/request.h"

namespace hostnet {

// The number under which the kernel talks about a family of generic netlink.
// Reason::unsupported: it does not have it (no such hardware, no module). The
// kernel searches a module of that name, so ask only where there is something
// to ask about.
Result<std::uint16_t> find_generic_family(Netlink& netlink, std::string_view name);

// A command of that family, version 1; attributes may follow.
RequestBuilder generic_request(std::uint16_t family, std::uint8_t command, std::uint16_t flags,
                               std::string doing);

// What follows struct genlmsghdr.
std::span<const std::byte> generic_attributes(const NetlinkMessage& message);

}  // namespace hostnet
