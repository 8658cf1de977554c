#include "tests/http/tls_client.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <csignal>

namespace hostnet {
namespace {

struct FreeForClient {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* cert) const { X509_free(cert); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Held = std::unique_ptr<T, FreeForClient>;

Held<X509> certificate_of(const std::string& pem) {
  const Held<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Held<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Held<EVP_PKEY> key_of(const std::string& pem) {
  const Held<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Held<EVP_PKEY>(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

Held<SSL_CTX> client_context(const TlsClientOptions& options) {
  Held<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), certificate_of(options.ca).get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (options.highest_version != 0) {
    SSL_CTX_set_max_proto_version(context.get(), options.highest_version);
  }
  if (options.own) {
    SSL_CTX_use_certificate(context.get(), certificate_of(options.own->certificate).get());
    SSL_CTX_use_PrivateKey(context.get(), key_of(options.own->key).get());
  }
  if (!options.offered_alpn.empty()) {
    SSL_CTX_set_alpn_protos(context.get(),
                            reinterpret_cast<const unsigned char*>(options.offered_alpn.data()),
                            static_cast<unsigned int>(options.offered_alpn.size()));
  }
  return context;
}

}  // namespace

TlsAnswer fetch_tls(std::uint16_t port, std::string_view request, const TlsClientOptions& options) {
  // Of this thread only: the server has to do without its client's help.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  const Client client(port);
  const timeval patience{.tv_sec = 120, .tv_usec = 0};
  setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const Held<SSL_CTX> context = client_context(options);
  const Held<SSL> tls(SSL_new(context.get()));
  SSL_set_fd(tls.get(), client.fd());
  TlsAnswer got;
  if (SSL_connect(tls.get()) != 1) return got;
  const Held<X509> server(SSL_get1_peer_certificate(tls.get()));
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(server.get()), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  got.server_name = name.data();
  got.cipher = SSL_get_cipher_name(tls.get());
  const unsigned char* alpn = nullptr;
  unsigned int alpn_size = 0;
  SSL_get0_alpn_selected(tls.get(), &alpn, &alpn_size);
  if (alpn != nullptr) got.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  if (SSL_write(tls.get(), request.data(), static_cast<int>(request.size())) <= 0) return got;
  std::string text;
  std::array<char, 16384> bytes{};
  int n = 0;
  while ((n = SSL_read(tls.get(), bytes.data(), static_cast<int>(bytes.size()))) > 0) {
    text.append(bytes.data(), static_cast<std::size_t>(n));
    got.answer = parse_answer(text);
    if (got.answer && got.answer->whole) break;
  }
  return got;
}

}  // namespace hostnet
