// Queueing disciplines, by hand: libnl 3.7 follows a null pointer when a message
// has the TCA_KIND of a discipline it knows (pfifo, bfifo, prio, tbf, mqprio,
// red...) and no TCA_OPTIONS, and it does not read 64-bit packet counts.

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "netlink/attributes.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

using QdiscAttributes = AttributeTable<TCA_STATS2>;

// struct gnet_stats_basic without its tail padding, which not every kernel sends.
struct BasicStats {
  std::uint64_t bytes;
  std::uint32_t packets;
};

Result<> decode_nested_stats(std::span<const std::byte> bytes, Qdisc& qdisc) {
  const auto stats = AttributeTable<TCA_STATS_PKT64>::of(bytes);
  if (!stats) return std::unexpected(stats.error());
  const auto basic = stats->get_or<BasicStats>(TCA_STATS_BASIC, {});
  const auto queue = stats->get_or<gnet_stats_queue>(TCA_STATS_QUEUE, {});
  qdisc.bytes = basic.bytes;
  // Linux 5.5 counts packets in 64 bits and sends that count when 32 bits are too few.
  qdisc.packets = stats->get_or<std::uint64_t>(TCA_STATS_PKT64, basic.packets);
  qdisc.drops = queue.drops;
  qdisc.requeues = queue.requeues;
  qdisc.overlimits = queue.overlimits;
  qdisc.queue_length = queue.qlen;
  qdisc.backlog = queue.backlog;
  return {};
}

void decode_old_stats(std::span<const std::byte> bytes, Qdisc& qdisc) {
  const auto stats = copy_of<tc_stats>(bytes);
  qdisc.bytes = stats.bytes;
  qdisc.packets = stats.packets;
  qdisc.drops = stats.drops;
  qdisc.overlimits = stats.overlimits;
  qdisc.queue_length = stats.qlen;
  qdisc.backlog = stats.backlog;
}

}  // namespace

Result<std::optional<Qdisc>> decode_qdisc(const NetlinkMessage& message) {
  if (message.type != RTM_NEWQDISC && message.type != RTM_DELQDISC) return std::nullopt;
  const auto fixed = copy_of<tcmsg>(message.payload);
  if (message.payload.size() < sizeof fixed) {
    return failure(Reason::malformed, "reading a queueing discipline: " +
                                          std::to_string(message.payload.size()) + " bytes");
  }
  const auto attributes = QdiscAttributes::of(after(message.payload, sizeof fixed));
  if (!attributes) return std::unexpected(attributes.error());
  Qdisc qdisc;
  qdisc.interface = static_cast<std::uint32_t>(fixed.tcm_ifindex);
  qdisc.kind = attributes->text(TCA_KIND);
  qdisc.handle = fixed.tcm_handle;
  qdisc.parent = fixed.tcm_parent;
  if (attributes->has(TCA_STATS2)) {
    if (Result<> done = decode_nested_stats((*attributes)[TCA_STATS2], qdisc); !done) {
      return std::unexpected(std::move(done).error());
    }
  } else {
    decode_old_stats((*attributes)[TCA_STATS], qdisc);
  }
  return qdisc;
}

}  // namespace hostnet
