#include "agent/reserve/kept_state.h"

#include <fmt/format.h>

#include <array>

#include "agent/ports/port_ranges.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

std::string listed(const PortSet& ports) {
  return port_list(ranges_of(ports));
}

}  // namespace

std::string to_text(const KeptState& state) {
  return fmt::format("boot {}\nnamespace {}\nadded {}\nbefore {}\nafter {}\n", state.boot,
                     state.network_namespace, listed(state.added), listed(state.before),
                     listed(state.after));
}

Result<KeptState> parse_kept_state(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kKeys{"boot ", "namespace ", "added ", "before ",
                                                         "after "};
  std::array<std::string_view, kKeys.size()> values;
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos || !text.starts_with(kKeys.at(i))) {
      return failure(Reason::malformed, fmt::format("line {} is not \"{}…\"", i + 1, kKeys.at(i)));
    }
    values.at(i) = text.substr(0, end).substr(kKeys.at(i).size());
    text.remove_prefix(end + 1);
  }
  if (!text.empty()) return failure(Reason::malformed, "there is more after the last line");
  KeptState state{.boot = std::string(values[0]), .network_namespace = 0, .after = {}};
  const auto network_namespace = parse_number<std::uint64_t>(values[1]);
  if (!network_namespace) {
    return failure(Reason::malformed, fmt::format("not a namespace: '{}'", values[1]));
  }
  state.network_namespace = *network_namespace;
  for (std::size_t i = 2; i < kKeys.size(); ++i) {
    auto ranges = parse_port_list(values.at(i));
    if (!ranges) return std::unexpected(std::move(ranges).error());
    (i == 2 ? state.added : i == 3 ? state.before : state.after) = port_set(*ranges);
  }
  return state;
}

OwnReservation own_reservation(const KeptState& state, std::string_view boot,
                               std::uint64_t network_namespace, const PortSet& reserved) {
  OwnReservation own{.result = reserved};
  const bool here = state.boot == boot && state.network_namespace == network_namespace;
  if (here && (reserved == state.after || reserved == state.before)) {
    own.added = state.added & reserved;
  }
  return own;
}

}  // namespace hostnet
