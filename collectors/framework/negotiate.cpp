#include <algorithm>
#include <cctype>
#include <charconv>

#include "collectors/framework/exposition.h"

namespace hostnet {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// What comes before the next `separator`; `rest` loses it.
std::string_view next_piece(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const std::string_view piece = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return trimmed(piece);
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// RFC 9110 section 12.4.2: 0 to 1 with up to three digits; nonsense counts as 0.
double quality(std::string_view text) {
  double value = 0;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  if (done.ec != std::errc{} || !(value >= 0)) return 0;
  return std::min(value, 1.0);
}

}  // namespace

std::string_view content_type(ExpositionFormat format) {
  return format == ExpositionFormat::openmetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

ExpositionFormat negotiate(std::string_view accept) {
  auto best = ExpositionFormat::text;
  double best_quality = 0;
  while (!accept.empty()) {
    std::string_view range = next_piece(accept, ',');
    const std::string_view type = next_piece(range, ';');
    std::string_view version;
    double q = 1;
    while (!range.empty()) {
      std::string_view parameter = next_piece(range, ';');
      const std::string_view name = next_piece(parameter, '=');
      if (parameter.size() >= 2 && parameter.front() == '"' && parameter.back() == '"') {
        parameter = parameter.substr(1, parameter.size() - 2);
      }
      if (same_word(name, "q")) q = quality(parameter);
      if (same_word(name, "version")) version = parameter;
    }
    const bool openmetrics =
        same_word(type, "application/openmetrics-text") && (version.empty() || version == "1.0.0");
    const bool text = (same_word(type, "text/plain") && (version.empty() || version == "0.0.4")) ||
                      same_word(type, "text/*") || type == "*/*";
    if ((openmetrics || text) && q > best_quality) {
      best = openmetrics ? ExpositionFormat::openmetrics : ExpositionFormat::text;
      best_quality = q;
    }
  }
  return best;
}

}  // namespace hostnet
