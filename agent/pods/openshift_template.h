#pragma once

#include <string_view>
#include <vector>

#include "agent/document/value.h"

namespace hostnet {

// An OpenShift Template (template.openshift.io/v1; once v1): objects with parameters.
// https://docs.openshift.com/container-platform/latest/openshift_images/using-templates.html
bool is_openshift_template(std::string_view api_version, std::string_view kind);

// Its objects as `oc process` creates them without arguments: "${NAME}" in a text and "${{NAME}}"
// as a whole value are replaced by the parameter's default; a parameter without a default stays as
// written.
std::vector<Value> template_objects(const Value& object);

}  // namespace hostnet
