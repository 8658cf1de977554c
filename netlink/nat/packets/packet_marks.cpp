#include "netlink/nat/packets/packet_marks.h"

#include <algorithm>
#include <utility>

namespace hostnet {
namespace {

constexpr std::size_t kMostChanges = 65536, kMostParts = 4096;

void apply(const MarkChange& change, bool certain, MarkedPackets& marked) {
  const auto mark_of = [&](MarkKind kind) -> auto& {
    return marked.marks.at(std::to_underlying(kind));
  };
  const auto& state = mark_of(MarkKind::state);
  if (change.needs_connection() && state && state != kStateNew) return;
  certain = certain && (state || !change.needs_connection());
  auto& mark = mark_of(change.kind);
  const auto& other = mark_of(change.other_kind());
  const bool known = certain && (mark || change.keep == 0) && (other || change.take == 0);
  mark = known ? std::optional((mark.value_or(0) & change.keep) ^
                               (other.value_or(0) & change.take) ^ change.value)
               : std::nullopt;
}

// Whether the packets match; with unknown marks they may.
bool matches(const std::vector<MarkMatch>& asked, MarkedPackets& marked) {
  return std::ranges::all_of(asked, [&](const MarkMatch& match) {
    const auto& mark = marked.marks.at(std::to_underlying(match.kind));
    if (mark) return ((*mark & match.mask) == match.value) != match.other;
    marked.packets.doubt(Certainty::conditional);
    return true;
  });
}

}  // namespace

void PacketMarks::change(const PacketScope& packets, const MarkChange& change) {
  auto& changes = change.kind == MarkKind::state ? states_ : changes_;
  if (changes.size() <= kMostChanges) changes.push_back({packets, change});
}

std::optional<std::vector<PacketScope>> PacketMarks::matching(const PacketScope& scope,
                                                              std::uint32_t state) const {
  std::vector<MarkedPackets> all{{.packets = scope}};
  all.front().marks.at(std::to_underlying(MarkKind::state)) = state;
  const auto asked = std::exchange(all.front().packets.marks, {});
  const auto is_state = [](const MarkMatch& match) { return match.kind == MarkKind::state; };
  const bool done =
      apply_all(states_, all) && (std::ranges::all_of(asked, is_state) || apply_all(changes_, all));
  if (!done) return std::nullopt;
  std::vector<PacketScope> out;
  for (MarkedPackets& marked : all) {
    if (matches(asked, marked)) out.push_back(std::move(marked.packets));
  }
  return out;
}

bool PacketMarks::apply_all(const std::vector<Change>& changes, std::vector<MarkedPackets>& all) {
  for (const Change& change : changes) {
    const bool certain = change.packets.certainty == Certainty::certain;
    PacketScope changed = change.packets;
    changed.certainty = Certainty::certain;
    std::vector<MarkedPackets> next;
    for (const MarkedPackets& marked : all) {
      if (const auto inside = intersection(marked.packets, changed)) {
        next.push_back({*inside, marked.marks});
        apply(change.change, certain, next.back());
        for (PacketScope& outside : difference(marked.packets, changed)) {
          next.push_back({std::move(outside), marked.marks});
        }
      } else {
        next.push_back(marked);
      }
    }
    all = std::move(next);
    if (all.size() > kMostParts) return false;
  }
  return changes.size() <= kMostChanges;
}

}  // namespace hostnet
