#include "agent/render/html/port_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

#include "agent/render/host_ports.h"
#include "agent/render/html/html_parts.h"
#include "agent/render/words.h"
#include "agent/verdicts/listing.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

constexpr unsigned kPortCount = 65536;
constexpr unsigned kPerRow = 1024;
constexpr unsigned kRowHeight = 8;
// Wide enough to point at.
constexpr unsigned kMarkWidth = 8;

// The shapes that draw a range, row by row.
std::string band(const PortRange& range, std::string_view css_class) {
  std::string rects;
  for (unsigned at = range.first; at <= range.last;) {
    const unsigned end = std::min<unsigned>(range.last, at / kPerRow * kPerRow + kPerRow - 1);
    fmt::format_to(std::back_inserter(rects),
                   "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"></rect>",
                   css_class, at % kPerRow, at / kPerRow * kRowHeight, end - at + 1, kRowHeight);
    at = end + 1;
  }
  return rects;
}

// The mark of one port, for all its protocols together.
struct Mark {
  std::string words;
  bool held{}, declared{}, conflict{};
};

bool has_conflict(const HostPort& port) {
  return std::ranges::any_of(
      port.findings, [](Verdict verdict) { return class_of(verdict) == FindingClass::conflict; });
}

std::string words_of(const HostPort& port) {
  std::string words = port_words(port.port, port.protocol);
  const auto holders = shown_holders(port.holders);
  if (!holders.empty()) {
    words += " held by " + holder_words(*holders.front()) + and_more(holders.size() - 1);
  }
  if (!port.declared_by.empty()) {
    words += ", declared by " + declared_words(*port.declared_by.front());
  }
  if (!port.findings.empty()) words += ": " + verdicts_words(port.findings);
  return words;
}

std::map<std::uint16_t, Mark> marks_of(const Report& report) {
  std::map<std::uint16_t, Mark> marks;
  for (const HostPort& port : host_ports(report)) {
    Mark& mark = marks[port.port];
    if (!mark.words.empty()) mark.words += "; ";
    mark.words += words_of(port);
    mark.held = mark.held || !port.holders.empty();
    mark.declared = mark.declared || !port.declared_by.empty();
    mark.conflict = mark.conflict || has_conflict(port);
  }
  return marks;
}

std::string_view class_of_mark(const Mark& mark) {
  if (mark.conflict) return "conflict";
  if (mark.declared) return mark.held ? "both" : "declared";
  return "held";
}

std::string mark_link(std::uint16_t port, const Mark& mark, std::string_view root) {
  const std::string words = html_text(mark.words);
  const unsigned x = std::min(port % kPerRow, kPerRow - kMarkWidth);
  return fmt::format(
      "<a xlink:href=\"{0}ports/{1}\" data-port=\"{1}\" tabindex=\"-1\" aria-label=\"{2}\"><rect "
      "class=\"mark {3}\" x=\"{4}\" "
      "y=\"{5}\" width=\"{6}\" height=\"{7}\"><title>{2}</title></rect></a>\n",
      root, port, words, class_of_mark(mark), x, port / kPerRow * kRowHeight, kMarkWidth,
      kRowHeight);
}

std::string legend_item(std::string_view css_class, std::string_view words) {
  return fmt::format(
      "<li><svg width=\"14\" height=\"10\" aria-hidden=\"true\"><rect class=\"{}\" x=\"1\" y=\"1\" "
      "width=\"12\" height=\"8\"></rect></svg>{}</li>",
      css_class, words);
}

std::string range_words(const PortRange& range) {
  return fmt::format("{}–{}", range.first, range.last);
}

std::string legend(const Report& report, const PortRanges& ranges) {
  return "<ul class=\"legend\">" + legend_item("mark conflict", "conflict") +
         legend_item("mark both", "declared and held") + legend_item("mark declared", "declared") +
         legend_item("mark held", "held") + legend_item("band well", "well-known 0–1023") +
         legend_item("band node", "NodePort " + range_words(report.node_port_range)) +
         legend_item("band ephemeral", "ephemeral " + range_words(ranges.ephemeral)) +
         (ranges.reserved.empty() ? "" : legend_item("band reserved", "reserved")) + "</ul>";
}

}  // namespace

std::string html_port_map(const Report& report, std::string_view root) {
  const PortRanges ranges = report.table ? report.table->ranges : PortRanges{};
  std::string bands = band({.first = 0, .last = 1023}, "band well") +
                      band(report.node_port_range, "band node") +
                      band(ranges.ephemeral, "band ephemeral");
  for (const PortRange& reserved : ranges.reserved) bands += band(reserved, "band reserved");
  std::string marks;
  const auto ports = marks_of(report);
  for (const auto& [port, mark] : ports) marks += mark_link(port, mark, root);
  return html_card(
      "map",
      fmt::format(
          "<h2>Port map</h2><p class=\"empty\">All 65,536 ports, {} in a row; a mark leads to "
          "its port. Arrow keys go from mark to mark.</p>"
          "<svg class=\"map\" viewBox=\"0 0 {} {}\" role=\"group\" aria-label=\"Map of the "
          "{} ports that somebody holds or declares\">{}{}</svg>{}",
          kPerRow, kPerRow, kPortCount / kPerRow * kRowHeight, ports.size(), bands, marks,
          legend(report, ranges)));
}

}  // namespace hostnet
