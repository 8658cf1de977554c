#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "agent/kube/cluster_access.h"
#include "agent/kube/streams/byte_stream.h"
#include "agent/kube/streams/tcp_stream.h"
#include "agent/kube/tls_identity.h"

namespace hostnet {

// A context for connections to servers with any certificate.
struct TlsContextDeleter {
  void operator()(SSL_CTX* context) const;
};
using TlsContextPtr = std::unique_ptr<SSL_CTX, TlsContextDeleter>;
Result<TlsContextPtr> new_tls_context();

// Streams into pods through one API server. Its CA and our certificate are read once, a token for
// each stream. Any number of threads.
class KubeStreams {
 public:
  static Result<std::unique_ptr<KubeStreams>> create(const ClusterAccess& access);

  KubeStreams(ClusterAccess access, Endpoint endpoint, TlsContextPtr context,
              std::unique_ptr<ServerCheck> check)
      : access_(std::move(access)),
        endpoint_(std::move(endpoint)),
        check_(std::move(check)),
        context_(std::move(context)) {}

  // To a port of a pod, through pods/portforward. Reason::exhausted: the API server is busy, retry
  // later. A port on which nothing listens shows only at the first read.
  Result<std::unique_ptr<ByteStream>> to_pod(const std::string& space, const std::string& pod,
                                             int port, SteadyTime deadline) const;

 private:
  ClusterAccess access_;
  Endpoint endpoint_;
  std::unique_ptr<ServerCheck> check_;
  TlsContextPtr context_;
};

}  // namespace hostnet
