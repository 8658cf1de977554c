#include "agent/render/html/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include "agent/render/html/html_parts.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

constexpr std::size_t kMostLanes = 40;
constexpr double kScale = 1000;

struct Span {
  WallTime begin;
  std::optional<WallTime> end;  // unset: still open
};
// The bars of one finding; one that returns has several spans.
struct Lane {
  const Finding* finding{};
  std::vector<Span> spans;
};

// Events are ordered newest first: a lane's place is that of its newest event.
std::vector<Lane> lanes_of(const FindingEvents& events) {
  std::vector<Lane> lanes;
  std::map<std::string, std::size_t> places;
  for (const auto& event : events) {
    const auto [at, is_new] = places.try_emplace(event->finding.id, lanes.size());
    if (is_new) lanes.push_back({.finding = &event->finding});
    std::vector<Span>& spans = lanes[at->second].spans;
    if (!event->opened) {
      spans.push_back({.begin = event->at - event->lasted, .end = event->at});
    } else if (spans.empty() || spans.back().begin > event->at) {
      // Still open: its end, being newer, would have come before it.
      if (spans.empty()) spans.push_back({.begin = event->at});
    }
  }
  return lanes;
}

std::string bars(const Lane& lane, WallTime first, WallTime now) {
  const double whole = std::max<double>(1, static_cast<double>((now - first).count()));
  const auto place = [&](WallTime time) {
    return kScale * static_cast<double>((time - first).count()) / whole;
  };
  std::string rects;
  for (const Span& span : lane.spans) {
    const WallTime end = span.end.value_or(now);
    const double x = std::clamp(place(span.begin), 0.0, kScale - 4);
    fmt::format_to(std::back_inserter(rects),
                   "<rect class=\"bar {}\" x=\"{:.1f}\" y=\"2\" width=\"{:.1f}\" height=\"12\">"
                   "<title>{} to {}</title></rect>",
                   span.end ? "over" : to_string(lane.finding->severity), x,
                   std::max(4.0, std::min(place(end), kScale) - x), rfc3339(span.begin),
                   span.end ? rfc3339(*span.end) : std::string("now"));
  }
  return rects;
}

}  // namespace

std::string html_timeline(const Report& report, const History& history) {
  const auto lanes = lanes_of(history.events);
  if (lanes.empty()) return "";
  WallTime first = report.generated_at;
  for (const Lane& lane : lanes) {
    for (const Span& span : lane.spans) first = std::min(first, span.begin);
  }
  std::string items;
  for (std::size_t i = 0; i < std::min(lanes.size(), kMostLanes); ++i) {
    const Finding& finding = *lanes[i].finding;
    items += fmt::format(
        "<li><span class=\"port\">{}</span> <code>{}</code><svg viewBox=\"0 0 {} 16\" "
        "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">{}</svg></li>",
        html_text(port_words(finding.port, finding.protocol)), to_string(finding.verdict), kScale,
        counted(lanes[i].spans.size(), "time", "times"),
        bars(lanes[i], first, report.generated_at));
  }
  const std::string more =
      lanes.size() > kMostLanes
          ? fmt::format("<p class=\"empty\">and {} more, below</p>", lanes.size() - kMostLanes)
          : "";
  return html_card("timeline",
                   fmt::format("<h2>Timeline</h2><p class=\"empty\">{} to {}</p>"
                               "<ul class=\"lanes\">{}</ul>{}",
                               html_moment(first), html_moment(report.generated_at), items, more));
}

}  // namespace hostnet
