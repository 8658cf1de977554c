#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/http/certificates.h"
#include "tests/http/client.h"

namespace hostnet {

struct TlsClientOptions {
  std::string ca;              // PEM; the server must be signed by it
  std::optional<Pem> own;      // a client certificate
  int highest_version{0};      // TLS1_2_VERSION; 0: any
  std::string offered_alpn{};  // in wire form
};

struct TlsAnswer {
  std::optional<Answer> answer;  // none: the handshake or the request failed
  std::string server_name;       // CN of the server's certificate
  std::string cipher;
  std::string alpn;
};

// A whole request over a TLS connection of its own.
TlsAnswer fetch_tls(std::uint16_t port, std::string_view request, const TlsClientOptions& options);

}  // namespace hostnet
