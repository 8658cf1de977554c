#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/http/message/http.h"

// --web.details: who may see process names and executables.
namespace hostnet {

// loopback: a peer on loopback or a unix socket, with a loopback Host. socket: a
// unix socket, access by its owner, group and mode. token: clients that send it.
enum class Details { loopback, socket, token, all, none };

// "localhost", an address of 127.0.0.0/8, ::1 or ::ffff:127.x, as a Host header
// writes them: with or without a port, IPv6 in brackets. A name that merely
// resolves to loopback does not count: DNS rebinding uses such names.
bool is_loopback_host(std::string_view host);

// A header that clients do not send on their own, such as those of proxies (Forwarded,
// X-Forwarded-*, Via, CF-Connecting-IP, ...), or nothing. A proxy that adds none, like
// nginx by default, goes unnoticed: this is an aid, not a security boundary.
std::optional<std::string> forwarding_header(const HttpHeaders& headers);

// Why this request may not see the details, or nothing if it may. A request from a
// proxy does not count as coming from this node, whatever its peer is; only a token
// is valid through a proxy.
std::optional<std::string> details_refusal(Details policy, const HttpRequest& request,
                                           std::string_view host);

}  // namespace hostnet
