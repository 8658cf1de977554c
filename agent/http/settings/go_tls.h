#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// Translates names in a web configuration from Go's crypto/tls to OpenSSL.
namespace hostnet {

struct GoCipher {
  std::string_view name;     // tls.CipherSuites() of Go 1.24
  std::string_view openssl;  // empty: a TLS 1.3 suite, which cannot be configured
};

inline constexpr const char* kTls13Ciphers =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

// In Go's order of preference on a processor with AES.
std::span<const GoCipher> go_ciphers();
bool is_go_cipher(std::string_view name);
// The suites of TLS 1.2 and older among `names`, all for an empty list, as an
// OpenSSL list. In Go's order: Go ignores the file's. Empty: TLS 1.3 only.
std::string openssl_ciphers(const std::vector<std::string>& names);

bool is_go_curve(std::string_view name);
// In the file's order; Go's default curves for an empty list.
std::string openssl_groups(const std::vector<std::string>& names);

}  // namespace hostnet
