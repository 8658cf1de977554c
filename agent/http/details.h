#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/http/message/http.h"

// --web.details: who may see process names and executables.
namespace hostnet {

enum class Details { loopback, all, none };

// "localhost", an address of 127.0.0.0/8, ::1 or ::ffff:127.x, as a Host header
// writes them: with or without a port, IPv6 in brackets. A name that merely
// resolves to loopback is not one: that is what DNS rebinding does.
bool is_loopback_host(std::string_view host);

// 127.0.0.0/8, ::1, ::ffff:127.x; a bare address without brackets or port.
bool is_loopback_address(std::string_view address);

// Why the details are refused to this request, or nothing when they are not.
// A request that a proxy passed on (Forwarded, X-Forwarded-For, Via, ...) does
// not come from this node, whatever its peer is.
std::optional<std::string> details_refusal(Details policy, const HttpRequest& request,
                                           std::string_view host);

}  // namespace hostnet
