#pragma once

// Links of a kind counted as one device (--collector.netdev.aggregate-kinds).

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/facts.h"

namespace hostnet {

// What the links of each kind have counted together. A sum never falls: what a
// link counted stays in it after the link is gone, and a counter that starts
// again (a driver's reset) adds to it. Remembers as much as there are links.
class KindSums {
 public:
  explicit KindSums(const std::vector<std::string>& kinds);

  // The device label of a kind: "kind/veth". No device has such a name: the
  // kernel refuses '/' in names (dev_valid_name() of net/core/dev.c).
  static std::string label_of(std::string_view kind) { return "kind/" + std::string(kind); }

  bool covers(const Link& link) const { return sums_.contains(link.kind); }

  // To be called with all links of the kinds that there are now, in a dump that
  // began after the last call. The sums as links of that label, those without
  // any link included.
  std::shared_ptr<const std::vector<Link>> update(const std::vector<const Link*>& links);

  // What the kernel says of a link that goes (RTM_DELLINK) is its last count.
  // `link` is covered. A counter that is lower than it was tells nothing: a veth
  // has lost its peer by then, whose count its received packets are.
  void gone(const Link& link);
  // RTM_NEWLINK: should the index be one that went, it is a new link's.
  void came(std::uint32_t index) { std::erase(gone_, index); }

 private:
  struct Seen {
    std::string kind;
    LinkStats stats;
  };
  std::map<std::string, LinkStats, std::less<>> sums_;  // by kind
  std::map<std::uint32_t, Seen> seen_;                  // by ifindex, as of the last scrape
  std::deque<std::uint32_t> gone_;  // since the last scrape: a dump may still have them
};

}  // namespace hostnet
