#include "collectors/netdev_kinds.h"

#include <algorithm>
#include <array>
#include <utility>

#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

using S = LinkStats;
constexpr std::array<std::uint64_t LinkStats::*, 24> kSummed = {
    &S::rx_packets,        &S::tx_packets,        &S::rx_bytes,         &S::tx_bytes,
    &S::rx_errors,         &S::tx_errors,         &S::rx_dropped,       &S::tx_dropped,
    &S::multicast,         &S::collisions,        &S::rx_length_errors, &S::rx_over_errors,
    &S::rx_crc_errors,     &S::rx_frame_errors,   &S::rx_fifo_errors,   &S::rx_missed_errors,
    &S::tx_aborted_errors, &S::tx_carrier_errors, &S::tx_fifo_errors,   &S::tx_heartbeat_errors,
    &S::tx_window_errors,  &S::rx_compressed,     &S::tx_compressed,    &S::rx_nohandler,
};

// More than disappear during one scrape. Without scrapes for long, the oldest are dropped.
constexpr std::size_t kGoneRemembered = 4096;

static_assert(sizeof(LinkStats) == kSummed.size() * sizeof(std::uint64_t));

}  // namespace

KindSums::KindSums(const std::vector<std::string>& kinds) {
  for (const auto& kind : kinds) sums_.try_emplace(kind);
}

std::shared_ptr<const std::vector<Link>> KindSums::update(const std::vector<const Link*>& links) {
  std::map<std::uint32_t, Seen> now;
  for (const Link* link : links) {
    if (contains(gone_, link->index)) continue;
    LinkStats before;
    const auto known = seen_.find(link->index);
    if (known != seen_.end() && known->second.kind == link->kind) before = known->second.stats;
    LinkStats& sum = sums_.find(link->kind)->second;
    for (const auto counter : kSummed) {
      const std::uint64_t value = link->stats.*counter;
      // A counter that fell restarted at 0, or the index belongs to another link.
      sum.*counter += value >= before.*counter ? value - before.*counter : value;
    }
    now.insert_or_assign(link->index, Seen{.kind = link->kind, .stats = link->stats});
  }
  seen_ = std::move(now);
  gone_.clear();

  auto sums = std::make_shared<std::vector<Link>>();
  for (const auto& [kind, stats] : sums_) {
    Link& sum = sums->emplace_back();
    sum.name = label_of(kind);
    sum.kind = kind;
    sum.stats = stats;
  }
  return sums;
}

void KindSums::gone(const Link& link) {
  LinkStats before;
  if (const auto known = seen_.find(link.index); known != seen_.end()) {
    if (known->second.kind == link.kind) before = known->second.stats;
    seen_.erase(known);
  }
  LinkStats& sum = sums_.find(link.kind)->second;
  for (const auto counter : kSummed) {
    sum.*counter += std::max(link.stats.*counter, before.*counter) - before.*counter;
  }
  if (gone_.size() == kGoneRemembered) gone_.pop_front();
  gone_.push_back(link.index);
}

}  // namespace hostnet
