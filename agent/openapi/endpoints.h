#pragma once

#include <span>
#include <string_view>

#include "agent/render/json/json_fields.h"

namespace hostnet {

struct ApiParameter {
  const char* name;
  const char* about;
  JsonType type;
  bool in_path = false;   // else in the query
  bool required = false;  // always, in a path
};

// Who gets an answer, the strictest last.
enum class ApiAccess {
  everybody,  // whatever --web.details and basic authentication say
  signed_in,  // not details: basic authentication only
  details,    // --web.details
};

struct ApiEndpoint {
  const char* path;  // as OpenAPI writes it
  const char* summary;
  const char* schema;  // of its JSON; "": it answers text only
  ApiAccess access;
  std::span<const ApiParameter> parameters;
};

// Every path but that of the metrics, which a flag moves, in the order of the README's table.
std::span<const ApiEndpoint> api_endpoints();

// Of every endpoint that answers JSON: ?format= ?width= ?color=.
std::span<const ApiParameter> form_parameters();
// Of the metrics: ?collect[]= ?exclude[]=.
std::span<const ApiParameter> metrics_parameters();

}  // namespace hostnet
