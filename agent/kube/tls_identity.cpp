#include "agent/kube/tls_identity.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace hostnet {

void CertificateDeleter::operator()(X509* certificate) const {
  X509_free(certificate);
}

namespace {

template <auto free_function>
struct OpensslDeleter {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
template <class T, auto free_function>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter<free_function>>;
using BioPtr = OpensslPtr<BIO, BIO_free_all>;
using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using StorePtr = OpensslPtr<X509_STORE, X509_STORE_free>;

std::string name_of(const Credential& credential, std::string_view what) {
  return credential.file.empty() ? std::string(what) : fmt::format("{} {}", what, credential.file);
}

// Never prompts for a pass phrase.
int no_pass_phrase(char*, int, int, void*) {
  return 0;
}

BioPtr bio_of(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

CertificatePtr next_certificate(BIO* pem) {
  return CertificatePtr(PEM_read_bio_X509(pem, nullptr, no_pass_phrase, nullptr));
}

}  // namespace

Result<> ServerCheck::demand(SSL_CTX* context, const std::string& host,
                             const Credential& authority) {
  if (auto trusted = trust(context, authority); !trusted) return trusted;
  X509_VERIFY_PARAM* const wanted = SSL_CTX_get0_param(context);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1 &&
      X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size()) != 1) {
    return failure(Reason::malformed, host + " is no name of a server");
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify, this);
  return {};
}

Result<> ServerCheck::trust(SSL_CTX* context, const Credential& authority) {
  if (authority.empty()) {
    SSL_CTX_set_default_verify_paths(context);  // the system's CAs
    return {};
  }
  const auto text = read_credential(authority);
  if (!text) return std::unexpected(text.error());
  const StorePtr store(X509_STORE_new());
  const BioPtr pem = bio_of(*text);
  while (CertificatePtr certificate = next_certificate(pem.get())) {
    if (X509_STORE_add_cert(store.get(), certificate.get()) == 1) {
      named_.push_back(std::move(certificate));
    }
  }
  ERR_clear_error();
  if (named_.empty()) {
    return failure(Reason::malformed,
                   name_of(authority, "certificate authority") + " has no PEM certificate");
  }
  // Every certificate in the file is trusted, also an intermediate or the server's own one.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set1_verify_cert_store(context, store.get());
  return {};
}

// A certificate that is itself in the file identifies the server, whatever name it has. One that is
// only signed by a certificate in the file could belong to anybody.
bool ServerCheck::is_named(const X509* certificate) const {
  return certificate != nullptr && std::ranges::any_of(named_, [&](const CertificatePtr& known) {
           return X509_cmp(known.get(), certificate) == 0;
         });
}

int ServerCheck::verify(X509_STORE_CTX* chain, void* self) {
  auto* const check = static_cast<ServerCheck*>(self);
  if (check->is_named(X509_STORE_CTX_get0_cert(chain))) {
    X509_VERIFY_PARAM* const wanted = X509_STORE_CTX_get0_param(chain);
    X509_VERIFY_PARAM_set1_host(wanted, nullptr, 0);
    X509_VERIFY_PARAM_set1_ip(wanted, nullptr, 0);
  }
  const bool good = X509_verify_cert(chain) == 1;
  check->refusal_ = good ? X509_V_OK : X509_STORE_CTX_get_error(chain);
  return good ? 1 : 0;
}

const std::string& server_name_of(const ClusterAccess& access) {
  return access.tls_server_name.empty() ? access.host : access.tls_server_name;
}

void ask_for_name(SSL* connection, const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  const bool address = ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
                       ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
  std::string wanted = name;
  SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           address ? nullptr : wanted.data());
}

Result<> identify(SSL_CTX* context, const ClusterAccess& access) {
  if (access.certificate.empty()) return {};
  const auto certificates = read_credential(access.certificate);
  if (!certificates) return std::unexpected(certificates.error());
  const auto key_text = read_credential(access.key);
  if (!key_text) return std::unexpected(key_text.error());
  const BioPtr pem = bio_of(*certificates);
  const CertificatePtr leaf = next_certificate(pem.get());
  const BioPtr key_pem = bio_of(*key_text);
  const KeyPtr key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, no_pass_phrase, nullptr));
  const bool usable = leaf && key && SSL_CTX_use_certificate(context, leaf.get()) == 1 &&
                      SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  while (usable) {
    const CertificatePtr between = next_certificate(pem.get());
    if (!between || SSL_CTX_add1_chain_cert(context, between.get()) != 1) break;
  }
  ERR_clear_error();
  if (!usable) {
    return failure(Reason::malformed, name_of(access.certificate, "client certificate") + " and " +
                                          name_of(access.key, "key") + " are not a usable pair");
  }
  return {};
}

Result<std::string> authorization_of(const ClusterAccess& access) {
  if (access.token.empty()) return "";
  auto token = read_credential(access.token);
  if (!token) return token;
  if (token->find_first_of("\r\n") != std::string::npos) {
    return failure(Reason::malformed, "the token has more than one line");
  }
  return "Bearer " + *token;
}

std::string words_for_refused_certificate(int why) {
  const bool of_another =
      why == X509_V_ERR_HOSTNAME_MISMATCH || why == X509_V_ERR_IP_ADDRESS_MISMATCH;
  return fmt::format("its certificate is not accepted: {}",
                     of_another ? "it is for another name" : X509_verify_cert_error_string(why));
}

}  // namespace hostnet
