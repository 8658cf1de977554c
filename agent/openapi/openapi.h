#pragma once

#include <string>

namespace hostnet {

// The OpenAPI 3.1 document of the whole HTTP interface, with the metrics at `telemetry_path`.
std::string openapi_json(const std::string& telemetry_path);

}  // namespace hostnet
