#include "agent/http/settings/tls_context.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "agent/http/settings/go_tls.h"
#include "netlink/base/ranges.h"
#include "netlink/base/read_file.h"

namespace hostnet {
namespace {

struct FreeOpenssl {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* cert) const { X509_free(cert); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOpenssl>;

std::unexpected<Error> tls_failure(std::string_view what) {
  std::array<char, 200> text{};
  const unsigned long code = ERR_peek_last_error();
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return failure(Reason::malformed,
                 code == 0 ? std::string(what) : fmt::format("{}: {}", what, text.data()));
}

Result<std::string> pem_of(const std::string& file, const std::string& text) {
  return file.empty() ? Result<std::string>(text) : read_regular_file(file);
}

std::vector<Owned<X509>> certificates_in(const std::string& pem) {
  std::vector<Owned<X509>> certificates;
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (X509* cert = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(cert);
  }
  ERR_clear_error();  // OpenSSL reports the end of the text as an error
  return certificates;
}

Result<> use_certificate(SSL_CTX* context, const TlsConfig& config) {
  const auto pem = pem_of(config.cert_file, config.cert);
  if (!pem) return std::unexpected(pem.error());
  const auto key_pem = pem_of(config.key_file, config.key);
  if (!key_pem) return std::unexpected(key_pem.error());
  const std::string cert_name = config.cert_file.empty() ? "cert" : config.cert_file;
  const std::string key_name = config.key_file.empty() ? "key" : config.key_file;
  const auto certificates = certificates_in(*pem);
  if (certificates.empty()) {
    return failure(Reason::malformed, cert_name + ": no PEM certificate in it");
  }
  if (SSL_CTX_use_certificate(context, certificates.front().get()) != 1) {
    return tls_failure(cert_name + ": the certificate is not usable");
  }
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, certificates[i].get()) != 1) {
      return tls_failure(cert_name + ": the chain is not usable");
    }
  }
  const Owned<BIO> bio(BIO_new_mem_buf(key_pem->data(), static_cast<int>(key_pem->size())));
  // No passphrase: without a callback OpenSSL would prompt on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) return tls_failure(key_name + ": no usable private key in it");
  // A key of another type than the certificate's would be kept next to it without an error.
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return tls_failure(key_name + ": the key does not belong to " + cert_name);
  }
  return {};
}

int accept_any_certificate(int /*verified*/, X509_STORE_CTX* /*context*/) {
  return 1;
}

Result<> use_client_auth(SSL_CTX* context, const TlsConfig& config) {
  switch (config.client_auth) {
    case ClientAuth::none: return {};
    case ClientAuth::request:
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any_certificate);
      return {};
    case ClientAuth::require_any:
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         accept_any_certificate);
      return {};
    case ClientAuth::verify_if_given: SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr); break;
    case ClientAuth::require_and_verify:
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      break;
  }
  if (config.client_ca.empty() && config.client_ca_file.empty()) {
    // As in Go: without a configured client CA, the system's CAs apply.
    if (SSL_CTX_set_default_verify_paths(context) != 1) return tls_failure("the system's CAs");
    return {};
  }
  const auto pem = pem_of(config.client_ca_file, config.client_ca);
  if (!pem) return std::unexpected(pem.error());
  const auto authorities = certificates_in(*pem);
  const std::string name = config.client_ca_file.empty() ? "client_ca" : config.client_ca_file;
  if (authorities.empty()) return failure(Reason::malformed, name + ": no PEM certificate in it");
  for (const auto& authority : authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return tls_failure(name + ": the certificate is not usable");
    }
  }
  return {};
}

// All TLS 1.3 suites are always enabled, in Go's order.
Result<> use_ciphers(SSL_CTX* context, const TlsConfig& config) {
  if (SSL_CTX_set_ciphersuites(context, kTls13Ciphers) != 1) return tls_failure(kTls13Ciphers);
  const std::string ciphers = openssl_ciphers(config.cipher_suites);
  if (ciphers.empty()) {
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  } else if (SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1) {
    return tls_failure("cipher_suites " + ciphers);
  }
  return {};
}

Result<> use_curves(SSL_CTX* context, const TlsConfig& config) {
  const std::string groups = openssl_groups(config.curve_preferences);
  if (SSL_CTX_set1_groups_list(context, groups.c_str()) != 1) {
    return tls_failure("curve_preferences " + groups);
  }
  return {};
}

int choose_http11(SSL* /*tls*/, const unsigned char** chosen, unsigned char* chosen_size,
                  const unsigned char* offered, unsigned int offered_size, void* /*arg*/) {
  constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned int at = 0; at < offered_size; at += 1U + offered[at]) {
    const std::string_view name(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
    if (name != kHttp11) continue;
    *chosen = offered + at + 1;
    *chosen_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

int openssl_version(int version) {
  constexpr std::array kVersions{TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kVersions.at(static_cast<std::size_t>(version - 10));
}

std::string san_text(const GENERAL_NAME& name) {
  const auto text = [](const ASN1_STRING* value) {
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                       static_cast<std::size_t>(ASN1_STRING_length(value)));
  };
  switch (name.type) {
    case GEN_DNS: return text(name.d.dNSName);
    case GEN_EMAIL: return text(name.d.rfc822Name);
    case GEN_URI: return text(name.d.uniformResourceIdentifier);
    case GEN_IPADD: {
      const std::string bytes = text(name.d.iPAddress);
      std::array<char, INET6_ADDRSTRLEN> written{};
      const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
      if (bytes.size() != 4 && bytes.size() != 16) return {};
      inet_ntop(family, bytes.data(), written.data(), written.size());
      return written.data();
    }
    default: return {};
  }
}

}  // namespace

Result<std::shared_ptr<SSL_CTX>> make_tls_context(const TlsConfig& config) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (context == nullptr) return tls_failure("making a TLS context");
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, openssl_version(config.min_version));
  SSL_CTX_set_max_proto_version(raw, openssl_version(config.max_version));
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // As in Go: the server's order, but ChaCha20 first for clients without AES.
  SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // OpenSSL refuses TLS 1.0 and 1.1 above level 0, whatever versions are configured.
  constexpr int kTls12 = 12;
  if (config.min_version < kTls12) SSL_CTX_set_security_level(raw, 0);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(raw, choose_http11, nullptr);
  for (const auto& use : {use_certificate, use_client_auth, use_ciphers, use_curves}) {
    if (auto used = use(raw, config); !used) return std::unexpected(std::move(used.error()));
  }
  return context;
}

bool has_client_certificate(const SSL* tls) {
  const Owned<X509> cert(SSL_get1_peer_certificate(tls));
  return cert != nullptr;
}

bool client_san_allowed(const SSL* tls, const TlsConfig& config) {
  if (!config.client_allowed_sans) return true;
  const std::vector<std::string>& allowed = *config.client_allowed_sans;
  const Owned<X509> cert(SSL_get1_peer_certificate(tls));
  if (cert == nullptr) return false;
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(cert.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string text = san_text(*sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty() && contains(allowed, text)) return true;
  }
  return false;
}

}  // namespace hostnet
