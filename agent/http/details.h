#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/http/message/http.h"

// --web.details: who may see process names and executables.
namespace hostnet {

// loopback: a peer on loopback or a unix socket, with a loopback Host. socket: a
// unix socket, whose owner, group and mode say who. token: whoever shows it.
enum class Details { loopback, socket, token, all, none };

// "localhost", an address of 127.0.0.0/8, ::1 or ::ffff:127.x, as a Host header
// writes them: with or without a port, IPv6 in brackets. A name that merely
// resolves to loopback is not one: that is what DNS rebinding does.
bool is_loopback_host(std::string_view host);

// 127.0.0.0/8, ::1, ::ffff:127.x; a bare address without brackets or port.
bool is_loopback_address(std::string_view address);

// A header that clients do not send by themselves, as proxies add them (Forwarded,
// X-Forwarded-*, Via, CF-Connecting-IP, ...), or nothing. A proxy that adds none, as
// nginx does by default, is not noticed: this is a help, no boundary.
std::optional<std::string> forwarding_header(const HttpHeaders& headers);

// Why the details are refused to this request, or nothing when they are not. One
// that a proxy passed on does not come from this node, whatever its peer is; only
// a token is as good from there.
std::optional<std::string> details_refusal(Details policy, const HttpRequest& request,
                                           std::string_view host);

}  // namespace hostnet
