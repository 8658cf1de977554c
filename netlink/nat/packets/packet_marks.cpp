#include "netlink/nat/packets/packet_marks.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hostnet {
namespace {

constexpr std::size_t kMostChanges = 65536, kMostParts = 4096;

// Packets with one pair of marks, by MarkKind; unset: it depends on what we do not model.
struct Marked {
  PacketScope packets;
  std::array<std::optional<std::uint32_t>, 3> marks{0, 0, 0};
};

void apply(const MarkChange& change, bool certain, Marked& marked) {
  auto& mark = marked.marks.at(std::to_underlying(change.kind));
  const auto& other = marked.marks.at(1 - std::to_underlying(change.kind));
  const bool known = certain && (mark || change.keep == 0) && (other || change.take == 0);
  mark = known ? std::optional((mark.value_or(0) & change.keep) ^
                               (other.value_or(0) & change.take) ^ change.value)
               : std::nullopt;
}

// Whether the packets match; of unknown marks they may.
bool matches(const std::vector<MarkMatch>& asked, Marked& marked) {
  return std::ranges::all_of(asked, [&](const MarkMatch& match) {
    const auto& mark = marked.marks.at(std::to_underlying(match.kind));
    if (mark) return ((*mark & match.mask) == match.value) != match.other;
    marked.packets.doubt(Certainty::conditional);
    return true;
  });
}

}  // namespace

void PacketMarks::change(const PacketScope& packets, const MarkChange& change) {
  if (changes_.size() <= kMostChanges) changes_.push_back({packets, change});
}

std::optional<std::vector<PacketScope>> PacketMarks::matching(const PacketScope& scope) const {
  std::vector<Marked> all{{.packets = scope}};
  const auto asked = std::exchange(all.front().packets.marks, {});
  for (const Change& change : changes_) {
    const bool certain = change.packets.certainty == Certainty::certain;
    PacketScope changed = change.packets;
    changed.certainty = Certainty::certain;
    std::vector<Marked> next;
    for (const Marked& marked : all) {
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
    if (all.size() > kMostParts) return std::nullopt;
  }
  if (changes_.size() > kMostChanges) return std::nullopt;
  std::vector<PacketScope> out;
  for (Marked& marked : all) {
    if (matches(asked, marked)) out.push_back(std::move(marked.packets));
  }
  return out;
}

}  // namespace hostnet
