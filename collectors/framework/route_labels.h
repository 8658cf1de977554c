#pragma once

// Label values for the numbers of a route (include/uapi/linux/rtnetlink.h).

#include <cstdint>
#include <string>
#include <string_view>

namespace hostnet {

// RTPROT_* as node_exporter names it: "kernel", "static", "bird"...; empty for
// a number without a name.
std::string_view route_protocol_name(std::uint8_t protocol);

// "main", "local" and "default" as in iproute2; any other table is its
// number.
std::string route_table_label(std::uint32_t table);

}  // namespace hostnet
