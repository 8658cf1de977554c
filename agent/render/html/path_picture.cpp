#include "agent/render/html/path_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "agent/render/html/html_parts.h"
#include "agent/render/port_path.h"
#include "agent/render/text.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

constexpr unsigned kWidth = 300;
constexpr unsigned kBoxHeight = 50;
constexpr unsigned kArrow = 22;
constexpr unsigned kNote = 22;
constexpr std::size_t kLetters = 38;  // per line in a box
constexpr std::size_t kMostPaths = 12;

// As much of a text as fits in a box, escaped; its title has the whole text.
std::string fitting(std::string_view text) {
  std::string fits;
  std::size_t columns = 0;
  while (!text.empty()) {
    const std::size_t size = std::max<std::size_t>(next_character(text).size, 1);
    columns += display_width(text.substr(0, size));
    if (columns > kLetters) return html_text(fits) + "…";
    fits += text.substr(0, size);
    text.remove_prefix(size);
  }
  return html_text(fits);
}

std::string box(const PathStep& step, unsigned y) {
  const std::string whole =
      step.detail.empty() ? step.text : fmt::format("{} ({})", step.text, step.detail);
  std::string css(to_string(step.kind));
  std::ranges::replace(css, ' ', '-');
  return fmt::format(
      "<g class=\"step {}\"><title>{}</title><rect x=\"1\" y=\"{}\" width=\"{}\" height=\"{}\" "
      "rx=\"6\"></rect><text class=\"kind\" x=\"10\" y=\"{}\">{}</text><text x=\"10\" "
      "y=\"{}\">{}</text></g>",
      css, html_text(whole), y + 1, kWidth - 2, kBoxHeight - 2, y + 17, to_string(step.kind),
      y + 37, fitting(step.text));
}

std::string arrow(unsigned y) {
  return fmt::format("<path class=\"arrow\" d=\"M{0} {1}v{2}m-5 -6l5 6l5 -6\"></path>", kWidth / 2,
                     y + 2, kArrow - 4);
}

std::string spoken(const PortPath& path) {
  std::string words;
  for (const PathStep& step : path.steps) {
    if (!words.empty()) words += ", then ";
    words += fmt::format("{}: {}", to_string(step.kind), step.text);
  }
  if (!path.instead_of.empty()) words += ", not " + path.instead_of;
  return html_text(words);
}

std::string picture(const PortPath& path) {
  std::string parts;
  unsigned y = 0;
  for (const PathStep& step : path.steps) {
    if (y > 0) {
      parts += arrow(y);
      y += kArrow;
    }
    parts += box(step, y);
    y += kBoxHeight;
  }
  std::string_view css = "path";
  if (!path.instead_of.empty()) {
    css = "path astray";
    y += kNote;
    parts += fmt::format("<text class=\"note\" x=\"10\" y=\"{}\">{}</text>", y - 4,
                         fitting("not " + path.instead_of));
  }
  return fmt::format(
      "<svg class=\"{4}\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
      "aria-label=\"{2}\">{3}</svg>",
      kWidth, y, spoken(path), parts, css);
}

}  // namespace

std::string html_path_picture(const Report& report, const PortFilter& filter) {
  if (!filter.port) return "";
  const std::uint16_t port = *filter.port;
  std::string content = "<h2>Where a client lands</h2>";
  for (const Protocol protocol : protocols_on(report, filter)) {
    const auto paths = port_paths(report, port, protocol);
    content +=
        fmt::format("<h3>{}</h3><div class=\"paths\">", html_text(port_words(port, protocol)));
    for (std::size_t i = 0; i < std::min(paths.size(), kMostPaths); ++i) {
      content += picture(paths[i]);
    }
    content += "</div>";
    if (paths.size() > kMostPaths) {
      content += fmt::format("<p class=\"empty\">and {} more</p>", paths.size() - kMostPaths);
    }
  }
  return html_card("path", content);
}

}  // namespace hostnet
