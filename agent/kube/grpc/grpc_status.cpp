#include "agent/kube/grpc/grpc_status.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace hostnet {

std::string grpc_status_name(int code) {
  static constexpr std::array<std::string_view, 17> kNames{
      "OK",
      "CANCELLED",
      "UNKNOWN",
      "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED",
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED",
      "FAILED_PRECONDITION",
      "ABORTED",
      "OUT_OF_RANGE",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
      "UNAUTHENTICATED",
  };
  const auto at = static_cast<std::size_t>(code);
  return code >= 0 && at < kNames.size() ? std::string(kNames.at(at))
                                         : fmt::format("code {}", code);
}

}  // namespace hostnet
