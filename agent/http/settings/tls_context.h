#pragma once

#include <openssl/types.h>

#include <memory>

#include "agent/http/settings/web_config.h"

namespace hostnet {

// A server context with the certificate, its chain and the rules of `config`.
// Reads the files that it names. Every connection holds a reference, so a context
// can be replaced while others are in use. Sessions are not resumed: a client
// whose certificate is no longer accepted must not come back with a ticket.
Result<std::shared_ptr<SSL_CTX>> make_tls_context(const TlsConfig& config);

// After a handshake: whether the client's certificate has one of the allowed
// subject alternative names (DNS, e-mail, IP, URI), or none are configured.
bool client_san_allowed(const SSL* tls, const TlsConfig& config);
bool has_client_certificate(const SSL* tls);

}  // namespace hostnet
