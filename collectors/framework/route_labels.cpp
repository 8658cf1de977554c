#include "collectors/framework/route_labels.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <utility>

namespace hostnet {
namespace {

constexpr std::array<std::pair<std::uint8_t, std::string_view>, 21> kRouteProtocols = {{
    {RTPROT_UNSPEC, "unspec"}, {RTPROT_REDIRECT, "redirect"}, {RTPROT_KERNEL, "kernel"},
    {RTPROT_BOOT, "boot"},     {RTPROT_STATIC, "static"},     {RTPROT_GATED, "gated"},
    {RTPROT_RA, "ra"},         {RTPROT_MRT, "mrt"},           {RTPROT_ZEBRA, "zebra"},
    {RTPROT_BIRD, "bird"},     {RTPROT_DNROUTED, "dnrouted"}, {RTPROT_XORP, "xorp"},
    {RTPROT_NTK, "ntk"},       {RTPROT_DHCP, "dhcp"},         {RTPROT_MROUTED, "mrouted"},
    {RTPROT_BABEL, "babel"},   {RTPROT_BGP, "bgp"},           {RTPROT_ISIS, "isis"},
    {RTPROT_OSPF, "ospf"},     {RTPROT_RIP, "rip"},           {RTPROT_EIGRP, "eigrp"},
}};

}  // namespace

std::string_view route_protocol_name(std::uint8_t protocol) {
  const auto* const found = std::ranges::find(kRouteProtocols, protocol,
                                              &std::pair<std::uint8_t, std::string_view>::first);
  return found == kRouteProtocols.end() ? std::string_view{} : found->second;
}

std::string route_table_label(std::uint32_t table) {
  switch (table) {
    case RT_TABLE_DEFAULT: return "default";
    case RT_TABLE_MAIN: return "main";
    case RT_TABLE_LOCAL: return "local";
    default: return std::to_string(table);
  }
}

}  // namespace hostnet
