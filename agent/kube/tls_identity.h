#pragma once

// Server verification and our client identity, for every TLS connection of this folder.

#include <openssl/types.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "agent/kube/cluster_access.h"
#include "netlink/base/error.h"

namespace hostnet {

struct CertificateDeleter {
  void operator()(X509* certificate) const;
};
using CertificatePtr = std::unique_ptr<X509, CertificateDeleter>;

// Verifies one server's certificate, in place of OpenSSL and cpp-httplib: the latter always checks
// the name, and only after the handshake.
class ServerCheck {
 public:
  ServerCheck() = default;
  ServerCheck(const ServerCheck&) = delete;
  ServerCheck& operator=(const ServerCheck&) = delete;
  ~ServerCheck() = default;

  // From now on `context` refuses every other server. It keeps a pointer to this.
  Result<> demand(SSL_CTX* context, const std::string& host, const Credential& authority);

  // X509_V_OK until a server was refused. Of the last handshake if several use the context.
  int refusal() const { return refusal_; }

 private:
  Result<> trust(SSL_CTX* context, const Credential& authority);
  bool is_named(const X509* certificate) const;
  static int verify(X509_STORE_CTX* chain, void* self);

  std::vector<CertificatePtr> named_;
  std::atomic<int> refusal_;
};

// The name that the server's certificate must have and that is sent as SNI.
const std::string& server_name_of(const ClusterAccess& access);

// Sends that name as SNI unless it is an address (RFC 6066, section 3).
void ask_for_name(SSL* connection, const std::string& name);

// Loads the client certificate, if there is one.
Result<> identify(SSL_CTX* context, const ClusterAccess& access);

// "Bearer TOKEN", read again each time; "" if there is no token.
Result<std::string> authorization_of(const ClusterAccess& access);

// "its certificate is not accepted: it is for another name". `why` is an X509_V_ERR_….
std::string words_for_refused_certificate(int why);

}  // namespace hostnet
