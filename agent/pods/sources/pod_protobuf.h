#pragma once

#include <string>
#include <string_view>

#include "netlink/base/error.h"

namespace hostnet {

// A v1.Pod in protobuf (k8s.io/api/core/v1/generated.proto) as JSON for read_pod_json(): only what
// the agent reads of a pod, never a container's environment.
Result<std::string> pod_json_from_protobuf(std::string_view pod);

// The same as paths of a field mask, separated by commas.
std::string pod_field_mask();

}  // namespace hostnet
