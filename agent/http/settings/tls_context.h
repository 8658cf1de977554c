#pragma once

#include <openssl/types.h>

#include <memory>

#include "agent/http/settings/web_config.h"

namespace hostnet {

// A server context with the certificate, its chain and the rules of `config`.
// Reads the files that it names. Every connection holds a share, so a context
// can be replaced while others are in use. Sessions are not resumed: a client
// whose certificate is no longer accepted must not come back with a ticket.
Result<std::shared_ptr<SSL_CTX>> make_tls_context(const TlsConfig& config);

// After a handshake: a client certificate must carry one of the allowed
// subject alternative names (DNS, e-mail, IP, URI). True when none are
// configured, or no certificate was given and none is required.
bool client_san_allowed(const SSL* tls, const std::vector<std::string>& allowed);

bool has_client_certificate(const SSL* tls);

}  // namespace hostnet
