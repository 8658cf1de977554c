#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/exposition/exposition.h"

namespace hostnet {

// These families as a page in text 0.0.4, with HELP lines, as promtool reads it.
template <class Sources = std::vector<MetricSource>>
std::string page_of(const Sources& sources) {
  std::string page;
  write_exposition(sources, ExpositionFormat::text, [&](std::string_view piece) {
    page += piece;
    return true;
  });
  return page;
}

}  // namespace hostnet
