#pragma once

#include <string>

namespace hostnet {

// OpenAPI 3.1 of everything that the agent answers, whose metrics are at `telemetry_path`.
std::string openapi_json(const std::string& telemetry_path);

}  // namespace hostnet
