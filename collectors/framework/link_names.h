#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "netlink/facts.h"

namespace hostnet {

// Names of links by ifindex. Views into the dump, which must outlive it.
class LinkNames {
 public:
  explicit LinkNames(const std::vector<Link>& links) {
    names_.reserve(links.size());
    for (const Link& link : links) names_.emplace(link.index, link.name);
  }

  // Empty for 0 and for an index that is not in the dump: the link is newer, is gone, or
  // is in another network namespace.
  std::string_view of(std::uint32_t index) const {
    const auto found = names_.find(index);
    return found == names_.end() ? std::string_view{} : found->second;
  }

 private:
  std::unordered_map<std::uint32_t, std::string_view> names_;
};

}  // namespace hostnet
