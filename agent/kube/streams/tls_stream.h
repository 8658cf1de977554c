#pragma once

#include <openssl/types.h>

#include <string>

#include "agent/kube/streams/byte_stream.h"

namespace hostnet {

// TLS over another stream. Returns after the handshake, with the server verified as `context`
// demands. `name` is for messages; `host` is sent to the server (SNI) unless it is an address.
Result<std::unique_ptr<ByteStream>> start_tls(std::unique_ptr<ByteStream> under, SSL_CTX* context,
                                              const std::string& host, const std::string& name);

}  // namespace hostnet
