#include "collectors/exposition/exposition.h"
#include "netlink/base/accept.h"

namespace hostnet {
namespace {

bool names(const AcceptItem& item, std::string_view type, std::string_view version) {
  const std::string_view asked = item.parameter("version");
  return item.is(type) && (asked.empty() || asked == version);
}

bool names_text(const AcceptItem& item) {
  return names(item, "text/plain", "0.0.4") || item.is("text/*") || item.is("*/*");
}

}  // namespace

std::string_view content_type(ExpositionFormat format) {
  return format == ExpositionFormat::openmetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

ExpositionFormat negotiate(std::string_view accept) {
  auto best = ExpositionFormat::text;
  double best_weight = 0;
  while (const auto item = next_accept_item(accept)) {
    const bool openmetrics = names(*item, "application/openmetrics-text", "1.0.0");
    if ((!openmetrics && !names_text(*item)) || item->weight <= best_weight) continue;
    best = openmetrics ? ExpositionFormat::openmetrics : ExpositionFormat::text;
    best_weight = item->weight;
  }
  return best;
}

}  // namespace hostnet
