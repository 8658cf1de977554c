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

// Who may read an endpoint, the strictest last.
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

// Every path except that of the metrics, which a flag sets, in the order of the README's table.
std::span<const ApiEndpoint> api_endpoints();

// The parameters of every endpoint that answers JSON: ?format= ?width= ?color=.
std::span<const ApiParameter> form_parameters();
// The parameters of the metrics: ?collect[]= ?exclude[]=.
std::span<const ApiParameter> metrics_parameters();

}  // namespace hostnet
