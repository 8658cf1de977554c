#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/network/network.h"

namespace hostnet {

// Interfaces and routes in words, for people and programs: the same in text,
// JSON and on the page. The results are not escaped yet.

// Whether it is administratively up (IFF_UP).
bool is_switched_on(const Link& link);
// "up", "down"... or "off" if it is administratively down.
std::string_view state_words(const Link& link);
// "vxlan", "loopback", "hardware" (or any link without a kind).
std::string kind_words(const Link& link);
std::string prefix_words(const IpAddress& ip, unsigned length);     // "10.0.0.1/24"
std::string speed_words(const std::optional<std::uint32_t>& mbit);  // "25 Gbit/s"
// Details of this kind of interface only: "id 7 port 8472 on eth0", "8 VFs".
std::string interface_details(const Interface& interface);
// "rx 3 tx 0"; "" when both are 0.
std::string both_ways(std::uint64_t received, std::uint64_t sent);

std::string_view route_type(std::uint8_t type);   // "unicast", "blackhole"...; "" unknown
std::string route_scope(std::uint8_t scope);      // "global", "link", "host"... or the number
std::string route_protocol(std::uint8_t number);  // "kernel", "bird"... or the number
std::string device_words(const Routes& routes, const NextHop& hop);  // "eth0", "if7" without a name
// All gateways of a multipath route, joined by ", ", with the weight if it is not 1.
std::string gateways_words(const Route& route);
std::string devices_words(const Routes& routes, const Route& route);

// The reverse, for filters; also takes a number.
std::optional<std::uint8_t> parse_route_type(std::string_view word);
std::optional<std::uint8_t> parse_route_protocol(std::string_view word);
std::optional<std::uint32_t> parse_route_table(std::string_view word);

// The line under every table: "12 interfaces; complete", "1000 routes of 52341,
// narrow it with ?table= ...; incomplete: ...". `hint` says how to see others.
std::string rows_words(const NetworkScan& scan, std::size_t shown, std::string_view one,
                       std::string_view many, std::string_view hint);

}  // namespace hostnet
