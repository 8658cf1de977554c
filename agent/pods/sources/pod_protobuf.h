#pragma once

#include <string>
#include <string_view>

#include "netlink/base/error.h"

namespace hostnet {

// Converts a v1.Pod in protobuf (k8s.io/api/core/v1/generated.proto) to JSON for read_pod_json():
// only the fields that the agent reads, never a container's environment.
Result<std::string> pod_json_from_protobuf(std::string_view pod);

// The same fields as paths of a field mask, separated by commas.
std::string pod_field_mask();

}  // namespace hostnet
