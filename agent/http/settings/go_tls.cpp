#include "agent/http/settings/go_tls.h"

#include <algorithm>
#include <array>
#include <utility>

#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// crypto/tls/cipher_suites.go: CipherSuites(), cipherSuitesPreferenceOrder.
constexpr std::array<GoCipher, 13> kCiphers{{
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
}};

// exporter-toolkit's names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kCurves{
    {{"X25519", "X25519"}, {"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}}};

const auto* curve_of(std::string_view name) {
  return std::ranges::find(kCurves, name, [](const auto& curve) { return curve.first; });
}

void append(std::string& list, std::string_view name) {
  if (!list.empty()) list += ':';
  list += name;
}

}  // namespace

std::span<const GoCipher> go_ciphers() {
  return kCiphers;
}

bool is_go_cipher(std::string_view name) {
  return contains(kCiphers, name, &GoCipher::name);
}

std::string openssl_ciphers(const std::vector<std::string>& names) {
  std::string list;
  for (const GoCipher& cipher : kCiphers) {
    const bool wanted = names.empty() || contains(names, cipher.name);
    if (wanted && !cipher.openssl.empty()) append(list, cipher.openssl);
  }
  return list;
}

bool is_go_curve(std::string_view name) {
  return curve_of(name) != kCurves.end();
}

std::string openssl_groups(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& [go, openssl] : kCurves) {
    if (names.empty()) append(list, openssl);
  }
  for (const std::string& name : names) {
    const auto* const found = curve_of(name);
    if (found != kCurves.end()) append(list, found->second);
  }
  return list;
}

}  // namespace hostnet
