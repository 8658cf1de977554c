#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "collectors/framework/runner.h"
#include "collectors/framework/runner_state.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"

namespace hostnet {

std::chrono::nanoseconds scrape_budget(std::string_view header, std::chrono::nanoseconds own) {
  double seconds = parse_number<double>(header).value_or(0);
  const bool usable = std::isfinite(seconds) && seconds > 0;
  const std::chrono::duration<double> own_seconds = own;
  if (!usable || seconds >= own_seconds.count() + 1) return own;
  seconds -= std::min(seconds / 10, 0.5);
  return std::min(own, std::chrono::duration_cast<std::chrono::nanoseconds>(
                           std::chrono::duration<double>(seconds)));
}

Result<CollectorFilter> CollectorRunner::filter(std::span<const std::string> collect,
                                                std::span<const std::string> exclude) const {
  if (!collect.empty() && !exclude.empty()) {
    return failure(Reason::malformed, "Combined collect and exclude queries are not allowed.");
  }
  const auto& slots = state_->slots();
  CollectorFilter filter{.wanted = std::vector<bool>(slots.size(), collect.empty())};
  for (const std::string& name : collect) {
    const auto slot = std::ranges::find(slots, name, &CollectorSlot::name);
    if (slot == slots.end()) {
      const bool disabled = std::ranges::find(state_->disabled(), name) != state_->disabled().end();
      return failure(Reason::malformed,
                     fmt::format("Couldn't create filtered metrics handler: couldn't create "
                                 "collector: {} collector: {}",
                                 disabled ? "disabled" : "missing", name));
    }
    filter.wanted[static_cast<std::size_t>(slot - slots.begin())] = true;
  }
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (contains(exclude, slots[i].name)) filter.wanted[i] = false;
  }
  return filter;
}

}  // namespace hostnet
