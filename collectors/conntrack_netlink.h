#pragma once

// The per-CPU counters of connection tracking, from ctnetlink
// (IPCTNL_MSG_CT_GET_STATS_CPU, include/uapi/linux/netfilter/nfnetlink_conntrack.h).

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/netlink.h"

namespace hostnet {

struct ConntrackCounter {
  std::string_view name;  // the column name in /proc/net/stat/nf_conntrack
  std::string_view help;
  std::uint16_t attribute;  // CTA_STATS_*
};

inline constexpr std::array<ConntrackCounter, 8> kConntrackCounters = {{
    {"found", "Lookups that found a connection.", 2},
    {"invalid", "Packets that could not be tracked.", 4},
    {"ignore", "Packets of connections that were tracked already.", 5},
    {"insert", "Connections put into the table.", 8},
    {"insert_failed", "Connections that were in the table already.", 9},
    {"drop", "Packets dropped because no connection could be made.", 10},
    {"early_drop", "Connections dropped to make room in a full table.", 11},
    {"search_restart", "Lookups that began again because the table was resized.", 13},
}};

// In the order of kConntrackCounters; counters that a kernel does not send stay 0.
using ConntrackCounters = std::array<std::uint32_t, kConntrackCounters.size()>;

// By CPU. Needs CAP_NET_ADMIN.
Result<std::vector<ConntrackCounters>> read_conntrack_counters(Netlink& netlink);

}  // namespace hostnet
