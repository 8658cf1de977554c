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

// The total counters of the links of each kind. A sum never falls: a link's counts stay
// in it after the link is gone, and a counter that restarts (a driver's reset) adds to
// it. Memory grows with the number of links.
class KindSums {
 public:
  explicit KindSums(const std::vector<std::string>& kinds);

  // The device label of a kind: "kind/veth". No device has such a name: the
  // kernel refuses '/' in names (dev_valid_name() of net/core/dev.c).
  static std::string label_of(std::string_view kind) { return "kind/" + std::string(kind); }

  bool covers(const Link& link) const { return sums_.contains(link.kind); }

  // Call with all current links of the kinds, from a dump that began after the last call.
  // Returns the sums as links with that label, including those of kinds without any
  // link.
  std::shared_ptr<const std::vector<Link>> update(const std::vector<const Link*>& links);

  // Adds the last counters of a link that disappears (RTM_DELLINK). `link` must be covered.
  // A counter lower than before is ignored: a veth's received packets are its peer's
  // count, and the peer is already gone.
  void gone(const Link& link);
  // RTM_NEWLINK: an index that had disappeared now belongs to a new link.
  void came(std::uint32_t index) { std::erase(gone_, index); }

 private:
  struct Seen {
    std::string kind;
    LinkStats stats;
  };
  std::map<std::string, LinkStats, std::less<>> sums_;  // by kind
  std::map<std::uint32_t, Seen> seen_;                  // by ifindex, as of the last scrape
  std::deque<std::uint32_t> gone_;  // since the last scrape: a dump may still contain them
};

}  // namespace hostnet
