#pragma once

#include <string>

namespace hostnet {

// "FAILED_PRECONDITION" (https://grpc.io/docs/guides/status-codes); "code 99" for an unknown code.
std::string grpc_status_name(int code);

}  // namespace hostnet
