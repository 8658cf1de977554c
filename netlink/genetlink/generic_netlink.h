#pragma once

// Generic netlink (include/uapi/linux/genetlink.h): many small protocols behind
// numbers that the kernel assigns when their modules are loaded.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "netlink/messages.h"
#include "netlink/netlink.h"
#include "netlink/request.h"

namespace hostnet {

// The kernel's number for a generic netlink family. Reason::unsupported: the kernel
// does not have the family (no such hardware, no module). The kernel tries to load a
// module of that name, so call this only when the node has something to query
// with it.
Result<std::uint16_t> find_generic_family(Netlink& netlink, std::string_view name);

// A command of that family, version 1; attributes may follow.
RequestBuilder generic_request(std::uint16_t family, std::uint8_t command, std::uint16_t flags,
                               std::string doing);

// The bytes after struct genlmsghdr.
std::span<const std::byte> generic_attributes(const NetlinkMessage& message);

}  // namespace hostnet
