#include "agent/kube/kube_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "agent/kube/answer_limits.h"
#include "agent/kube/answer_stream.h"
#include "agent/kube/httplib_words.h"
#include "agent/kube/json_cutter.h"
#include "agent/kube/tls_identity.h"
#include "netlink/base/text.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kWriteTimeout{10};

AnswerStream::Timeouts timeouts_of(const KubeTiming& timing, KubeBody body) {
  const std::chrono::milliseconds silence = timing.silence;
  return {.read = body == KubeBody::stream
                      ? silence
                      : std::min<std::chrono::milliseconds>(silence, timing.answer),
          .write = kWriteTimeout};
}

void set_options(httplib::ClientImpl& client, const KubeTiming& timing, KubeBody body) {
  client.set_connection_timeout(timing.connect);
  client.set_read_timeout(timeouts_of(timing, body).read);
  client.set_write_timeout(kWriteTimeout);
  client.set_tcp_nodelay(true);
  client.set_url_encode(false);
  client.set_decompress(false);  // no compression is requested
}

// Handshake settings that cpp-httplib does not offer: read limits, and a server name that differs
// from the host to connect to.
struct Handshake {
  ServerCheck server;
  AnswerLimits limits;
  std::string server_name;

  // Applies to all further connections of this context, which keeps a pointer to this.
  Result<> prepare(SSL_CTX* context, const ClusterAccess& access) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_info_callback(context, begin);
    server_name = server_name_of(access);
    Result<> done;
    if (!access.insecure) done = server.demand(context, server_name, access.ca);
    return done ? identify(context, access) : done;
  }

  // OpenSSL calls this before it writes the first byte.
  static void begin(const SSL* connection, int where, int /*result*/) {
    if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
    auto* const self = static_cast<Handshake*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    ask_for_name(const_cast<SSL*>(connection), self->server_name);
    if (BIO* const socket = SSL_get_rbio(connection)) self->limits.enforce(socket);
  }
};

// Over TLS, except to a `kubectl proxy`. The context verifies the server and has our certificate.
Result<std::unique_ptr<httplib::ClientImpl>> new_client(const ClusterAccess& access,
                                                        Handshake& handshake,
                                                        AnswerStream::Timeouts timeouts) {
  if (access.plain) {
    return std::make_unique<LimitedClient<httplib::ClientImpl>>(access.host, access.port,
                                                                handshake.limits, timeouts);
  }
  auto client = std::make_unique<LimitedClient<httplib::SSLClient>>(access.host, access.port,
                                                                    handshake.limits, timeouts);
  client->enable_server_certificate_verification(false);  // ServerCheck does it
  if (auto done = handshake.prepare(client->ssl_context(), access); !done) {
    return std::unexpected(done.error());
  }
  return client;
}

Result<httplib::Headers> headers_for(const ClusterAccess& access) {
  const auto authorization = authorization_of(access);
  if (!authorization) return std::unexpected(authorization.error());
  httplib::Headers headers{{"Accept", "application/json"},
                           {"Accept-Encoding", "identity"},
                           {"User-Agent", "hostnet-agent"}};
  if (!authorization->empty()) headers.emplace("Authorization", *authorization);
  return headers;
}

httplib::Request wire_request(const ClusterAccess& access, const KubeRequest& request,
                              httplib::Headers headers) {
  httplib::Request wire;
  wire.method = to_string(request.method);
  wire.path = access.base_path + request.path;
  wire.headers = std::move(headers);
  wire.body = request.body;
  if (!request.content_type.empty()) wire.headers.emplace("Content-Type", request.content_type);
  return wire;
}

std::optional<std::chrono::seconds> retry_after_of(const httplib::Response& response) {
  const std::string text = response.get_header_value("Retry-After");
  const auto seconds = parse_number<int>(text);
  return seconds && *seconds >= 0 ? std::optional(std::chrono::seconds(*seconds)) : std::nullopt;
}

std::string_view words_for_status(int status) {
  switch (status) {
    case 401: return "the token or certificate is not accepted";
    case 403: return "the account may not do this";
    case 404: return "there is no such path";
    case 410: return "the history is gone";
    case 429: return "too many requests";
    default: return status >= 500 ? "the server has a problem" : "not what was asked for";
  }
}

}  // namespace

struct KubeClient::Running {
  std::atomic<bool> stopped;
  std::mutex mutex;
  // The socket of the current connection, guarded by the mutex. Duplicated: the library may close
  // its own at any time, and its stop() waits for a handshake.
  UniqueFd socket;

  void watch(int descriptor) {
    const std::scoped_lock lock(mutex);
    socket.reset(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
    if (stopped) ::shutdown(socket.get(), SHUT_RDWR);
  }
  void forget() {
    const std::scoped_lock lock(mutex);
    socket.reset();
  }
};

KubeClient::KubeClient(ClusterAccess access, KubeTiming timing)
    : access_(std::move(access)), timing_(timing), running_(std::make_unique<Running>()) {}

KubeClient::~KubeClient() = default;

void KubeClient::stop() {
  running_->stopped = true;
  const std::scoped_lock lock(running_->mutex);
  if (running_->socket.get() >= 0) ::shutdown(running_->socket.get(), SHUT_RDWR);
}

namespace {

// How an exchange ended.
struct Outcome {
  std::string server;
  int status{};  // 0: no head arrived
  bool stopped{}, refused{};
  httplib::Error error{};
};

// Why the answer is not complete; empty if it is.
std::string fault_of(const Outcome& outcome, const Handshake& handshake) {
  if (outcome.stopped) return "stopped";
  const int status = outcome.status;
  if (status != 0 && status != 200 && status != 201) {
    return fmt::format("{} answers {}: {}", outcome.server, status, words_for_status(status));
  }
  if (const auto& why = handshake.limits.refusal(); !why.empty()) {
    return fmt::format("{}: the answer was given up: {}", outcome.server, why);
  }
  if (outcome.refused) return fmt::format("{}: the answer was given up", outcome.server);
  if (outcome.error == httplib::Error::Success) return "";
  const auto certificate = handshake.server.refusal();
  return fmt::format("{}: {}", outcome.server,
                     certificate == X509_V_OK ? words_for(outcome.error)
                                              : words_for_refused_certificate(certificate));
}

}  // namespace

// Callbacks for an answer as it arrives.
struct KubeClient::Listener {
  std::function<bool(int status)> on_status;            // false: the body is not wanted
  std::function<bool(std::string_view bytes)> on_body;  // false: no more is wanted
};

KubeReply KubeClient::exchange(const KubeRequest& request, KubeBody body,
                               const Listener& listener) {
  const std::string where = host_and_port(access_.host, access_.port);
  KubeReply reply;
  Handshake handshake{.server = {},
                      .limits = AnswerLimits(timing_.answer, body == KubeBody::stream),
                      .server_name = {}};
  AnswerLimits& limits = handshake.limits;
  const auto client = new_client(access_, handshake, timeouts_of(timing_, body));
  auto headers = headers_for(access_);
  if (!client || !headers) {
    reply.problem = (client ? headers.error() : client.error()).message;
    return reply;
  }

  set_options(**client, timing_, body);
  (*client)->set_socket_options([this](int descriptor) { running_->watch(descriptor); });
  bool refused = false;
  httplib::Request wire = wire_request(access_, request, *std::move(headers));
  wire.response_handler = [&](const httplib::Response& response) {
    limits.head_ended();
    reply.status = response.status;
    reply.retry_after = retry_after_of(response);
    return !running_->stopped && listener.on_status(response.status);
  };
  wire.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    refused = running_->stopped || !limits.take_body(size) || !listener.on_body({data, size});
    return !refused;
  };
  const auto answer = (*client)->send(wire);
  running_->forget();
  reply.problem = fault_of({.server = where,
                            .status = reply.status,
                            .stopped = running_->stopped,
                            .refused = refused,
                            .error = answer.error()},
                           handshake);
  reply.whole = reply.problem.empty();
  return reply;
}

KubeReply KubeClient::get(const std::string& path, const std::function<void()>& on_accepted,
                          const std::function<bool(std::string_view)>& on_body, KubeBody body) {
  const auto accepted = [&](int status) {
    if (status != 200) return false;
    on_accepted();
    return true;
  };
  return exchange({.method = KubeMethod::get, .path = path, .content_type = {}, .body = {}}, body,
                  {.on_status = accepted, .on_body = on_body});
}

KubeAnswer KubeClient::send(const KubeRequest& request) {
  KubeAnswer answer;
  answer.reply = exchange(request, KubeBody::whole,
                          {.on_status = [](int) { return true; },
                           .on_body =
                               [&](std::string_view bytes) {
                                 answer.body += bytes;
                                 return answer.body.size() <= kLargestAnswer;
                               }});
  if (answer.body.size() > kLargestAnswer) answer.body.resize(kLargestAnswer);
  if (answer.reply.status >= 400) {
    // A metav1.Status has more detail than the HTTP status.
    answer.reply.problem += refusal_words(answer.body, {"message"});
  }
  return answer;
}

}  // namespace hostnet
