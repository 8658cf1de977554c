#pragma once

#include <string>

#include "agent/findings/check.h"
#include "agent/render/json/json_fields.h"
#include "agent/render/manifest_check.h"

namespace hostnet {

// /check and `check PORT`.
std::string check_json(const CheckAnswer& answer);
// `check -f`: {"api_version","offline","errors","lints","ports"}.
std::string manifest_check_json(const ManifestCheck& check);

// Adds the schemas of an answer and of the filters in it, by name.
void add_check_schemas(Json& schemas);

}  // namespace hostnet
