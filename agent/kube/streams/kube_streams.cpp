#include "agent/kube/streams/kube_streams.h"

#include <openssl/ssl.h>

#include <utility>

#include "agent/kube/streams/http_exchange.h"
#include "agent/kube/streams/port_forward.h"
#include "agent/kube/streams/tls_stream.h"
#include "agent/kube/streams/websocket.h"

namespace hostnet {

void TlsContextDeleter::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

Result<TlsContextPtr> new_tls_context() {
  TlsContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return failure(Reason::exhausted, "no memory for TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  return context;
}

Result<std::unique_ptr<KubeStreams>> KubeStreams::create(const ClusterAccess& access) {
  auto context = new_tls_context();
  if (!context) return std::unexpected(context.error());
  auto check = std::make_unique<ServerCheck>();
  if (!access.insecure) {
    auto demanded = check->demand(context->get(), server_name_of(access), access.ca);
    if (!demanded) return std::unexpected(demanded.error());
  }
  if (auto known = identify(context->get(), access); !known) return std::unexpected(known.error());
  auto endpoint = resolve(access.host, access.port);
  if (!endpoint) return std::unexpected(endpoint.error());
  return std::make_unique<KubeStreams>(access, *std::move(endpoint), *std::move(context),
                                       std::move(check));
}

Result<std::unique_ptr<ByteStream>> KubeStreams::to_pod(const std::string& space,
                                                        const std::string& pod, int port,
                                                        SteadyTime deadline) const {
  const auto authorization = authorization_of(access_);
  if (!authorization) return std::unexpected(authorization.error());
  HttpGet get{.host = endpoint_.name,
              .target = access_.base_path + port_forward_path(space, pod, port),
              .fields = {}};
  if (!authorization->empty()) get.fields.emplace_back("Authorization", *authorization);
  auto stream = connect_tcp(endpoint_, deadline);
  if (stream && !access_.plain) {
    stream = start_tls(*std::move(stream), context_.get(), server_name_of(access_), endpoint_.name);
  }
  if (!stream) return stream;
  auto socket = WebSocket::open(*std::move(stream), std::move(get), kPortForwardProtocol);
  if (!socket) return std::unexpected(socket.error());
  return std::make_unique<PortForward>(*std::move(socket));
}

}  // namespace hostnet
