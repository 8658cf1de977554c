#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostnet {

inline constexpr std::string_view kVersionPath = "/version";

// The version in an answer to GET /version (k8s.io/apimachinery/pkg/version.Info): {1, 33, 4} from
// gitVersion "v1.33.4+k3s1"; without that, {1, 33} from major "1" and minor "33+". Unset: neither.
// Pure.
std::optional<std::vector<int>> parse_server_version(std::string_view body);

// The version as such an answer, for recordings.
std::string server_version_json(const std::vector<int>& version);

}  // namespace hostnet
