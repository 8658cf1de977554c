#include "collectors/conntrack_netlink.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "netlink/attributes.h"

namespace hostnet {
namespace {

constexpr std::uint16_t kStatisticsType =
    (NFNL_SUBSYS_CTNETLINK << 8U) | IPCTNL_MSG_CT_GET_STATS_CPU;
constexpr std::size_t kMostCpus = 8192;  // CONFIG_NR_CPUS' largest value

Result<> take_conntrack_counters(const NetlinkMessage& message,
                                 std::vector<ConntrackCounters>& cpus) {
  const auto header = copy_of<nfgenmsg>(message.payload);
  const std::size_t cpu = ntohs(header.res_id);
  const auto attributes =
      AttributeTable<CTA_STATS_SEARCH_RESTART>::of(after(message.payload, sizeof header));
  if (!attributes) return std::unexpected(attributes.error());
  if (cpu >= kMostCpus) {
    return failure(Reason::malformed,
                   "reading conntrack statistics: no such CPU " + std::to_string(cpu));
  }
  if (cpus.size() <= cpu) cpus.resize(cpu + 1);
  for (std::size_t i = 0; i < kConntrackCounters.size(); ++i) {
    cpus[cpu][i] = ntohl(attributes->get_or<std::uint32_t>(kConntrackCounters[i].attribute, 0));
  }
  return {};
}

}  // namespace

Result<std::vector<ConntrackCounters>> read_conntrack_counters(Netlink& netlink) {
  NetlinkRequest request{.family = NETLINK_NETFILTER,
                         .type = kStatisticsType,
                         .flags = NLM_F_DUMP,
                         .doing = "reading conntrack statistics"};
  request.body.resize(sizeof(nfgenmsg));  // AF_UNSPEC, NFNETLINK_V0, no resource
  std::vector<ConntrackCounters> cpus;
  const auto done = netlink.dump(request, {[&] { cpus.clear(); },
                                           [&](const NetlinkMessage& message) {
                                             return take_conntrack_counters(message, cpus);
                                           }});
  if (!done) return std::unexpected(done.error());
  return cpus;
}

}  // namespace hostnet
