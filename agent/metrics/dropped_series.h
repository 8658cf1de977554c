#pragma once

#include <cstddef>
#include <string_view>

#include "collectors/framework/families.h"

namespace hostnet {

// hostnet_series_dropped{family}: how many series a limit cut, 0 included.
inline void add_dropped_series(FamilyList& families, std::string_view family, std::size_t count) {
  families.add("hostnet_series_dropped", "Series of the family that its limit left out.", kGauge,
               {{"family", family}}, static_cast<double>(count));
}

}  // namespace hostnet
