#include "agent/kube/kube_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/kube/answer_limits.h"
#include "agent/kube/httplib_words.h"
#include "agent/kube/json_cutter.h"
#include "netlink/base/text.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kWriteTimeout{10};
constexpr std::size_t kLongestWords = 200;  // of what a server says

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
using CertificatePtr = OpensslPtr<X509, X509_free>;
using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using StorePtr = OpensslPtr<X509_STORE, X509_STORE_free>;

std::string name_of(const Credential& credential, std::string_view what) {
  return credential.file.empty() ? std::string(what) : fmt::format("{} {}", what, credential.file);
}

// No pass phrase is ever asked for.
int no_pass_phrase(char*, int, int, void*) {
  return 0;
}

BioPtr bio_of(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

CertificatePtr next_certificate(BIO* pem) {
  return CertificatePtr(PEM_read_bio_X509(pem, nullptr, no_pass_phrase, nullptr));
}

// Verifies the certificate of one server, in place of the library: that one asks for the
// name in every case, and only when the handshake is over.
class ServerCheck {
 public:
  ServerCheck() = default;
  ServerCheck(const ServerCheck&) = delete;
  ServerCheck& operator=(const ServerCheck&) = delete;
  ~ServerCheck() = default;

  // From now on `context` refuses every server but this one. It keeps a pointer to this.
  Result<> demand(SSL_CTX* context, const std::string& host, const Credential& authority) {
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

  // X509_V_OK until a server was refused.
  int refusal() const { return refusal_; }

 private:
  Result<> trust(SSL_CTX* context, const Credential& authority) {
    if (authority.empty()) {
      SSL_CTX_set_default_verify_paths(context);  // the system's
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
    // Whatever is in it is trusted, an intermediate or the server's own certificate too.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set1_verify_cert_store(context, store.get());
    return {};
  }

  // The very certificate is in the file: that says who the server is, whatever name it has.
  // One that is only signed by one in the file is anybody's.
  bool is_named(const X509* certificate) const {
    return certificate != nullptr && std::ranges::any_of(named_, [&](const CertificatePtr& known) {
             return X509_cmp(known.get(), certificate) == 0;
           });
  }

  static int verify(X509_STORE_CTX* chain, void* self) {
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

  std::vector<CertificatePtr> named_;
  int refusal_{X509_V_OK};
};

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

std::optional<std::chrono::seconds> retry_after_of(const httplib::Response& response) {
  const std::string text = response.get_header_value("Retry-After");
  const auto seconds = parse_number<int>(text);
  return seconds && *seconds >= 0 ? std::optional(std::chrono::seconds(*seconds)) : std::nullopt;
}

std::string_view words_for(int status) {
  switch (status) {
    case 401: return "the token or certificate is not accepted";
    case 403: return "the account may not do this";
    case 404: return "there is no such path";
    case 410: return "the history is gone";
    case 429: return "too many requests";
    default: return status >= 500 ? "the server has a problem" : "not what was asked for";
  }
}

std::string words_for_refused_certificate(int why) {
  const bool of_another =
      why == X509_V_ERR_HOSTNAME_MISMATCH || why == X509_V_ERR_IP_ADDRESS_MISMATCH;
  return fmt::format("its certificate is not accepted: {}",
                     of_another ? "it is for another name" : X509_verify_cert_error_string(why));
}

}  // namespace

struct KubeClient::Running {
  std::atomic<bool> stopped;
  std::mutex mutex;
  // Of the connection at hand, under the mutex. A descriptor of our own: the
  // library may close its at any time, and its stop() waits for a handshake.
  UniqueFd socket;

  void watch(int descriptor) {
    const std::scoped_lock lock(mutex);
    socket.reset(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
    if (stopped) ::shutdown(socket.get(), SHUT_RDWR);
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

// Who hears an answer while it comes.
struct KubeClient::Listener {
  std::function<bool(int status)> on_status;            // false: the body is not wanted
  std::function<bool(std::string_view bytes)> on_body;  // false: no more is wanted
};

KubeReply KubeClient::exchange(const KubeRequest& request, KubeBody body,
                               const Listener& listener) {
  const std::string where = access_.host.contains(':')
                                ? fmt::format("[{}]:{}", access_.host, access_.port)
                                : fmt::format("{}:{}", access_.host, access_.port);
  KubeReply reply;
  ServerCheck server;
  AnswerLimits limits(timing_.answer, body == KubeBody::stream);
  httplib::SSLClient client(access_.host, access_.port);
  client.set_connection_timeout(timing_.connect);
  client.set_read_timeout(body == KubeBody::stream ? timing_.silence
                                                   : std::min<std::chrono::milliseconds>(
                                                         timing_.silence, timing_.answer));
  client.set_write_timeout(kWriteTimeout);
  client.set_tcp_nodelay(true);
  client.set_url_encode(false);
  client.set_decompress(false);                          // nothing compressed is asked for
  client.enable_server_certificate_verification(false);  // ServerCheck does it
  httplib::Headers headers{{"Accept", "application/json"},
                           {"Accept-Encoding", "identity"},
                           {"User-Agent", "hostnet-agent"}};
  SSL_CTX* const context = client.ssl_context();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  limits.enforce(context);
  Result<> prepared;
  if (!access_.insecure) prepared = server.demand(context, access_.host, access_.ca);
  if (prepared) prepared = identify(context, access_);
  if (prepared && !access_.token.empty()) {
    const auto token = read_credential(access_.token);
    if (!token) {
      prepared = std::unexpected(token.error());
    } else if (token->find_first_of("\r\n") != std::string::npos) {
      prepared = failure(Reason::malformed, "the token has more than one line");
    } else {
      headers.emplace("Authorization", "Bearer " + *token);
    }
  }
  if (!prepared) {
    reply.problem = prepared.error().message;
    return reply;
  }

  client.set_socket_options([this](int descriptor) { running_->watch(descriptor); });
  bool refused = false;
  httplib::Request wire;
  wire.method = to_string(request.method);
  wire.path = access_.base_path + request.path;
  wire.headers = std::move(headers);
  wire.body = request.body;
  if (!request.content_type.empty()) wire.headers.emplace("Content-Type", request.content_type);
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
  const auto answer = client.send(wire);
  {
    const std::scoped_lock lock(running_->mutex);
    running_->socket.reset();
  }
  if (running_->stopped) {
    reply.problem = "stopped";
  } else if (reply.status != 0 && reply.status != 200 && reply.status != 201) {
    reply.problem = fmt::format("{} answers {}: {}", where, reply.status, words_for(reply.status));
  } else if (!limits.refusal().empty()) {
    reply.problem = fmt::format("{}: the answer was given up: {}", where, limits.refusal());
  } else if (!answer && !refused) {
    reply.problem = fmt::format("{}: {}", where,
                                server.refusal() == X509_V_OK
                                    ? words_for(answer.error())
                                    : words_for_refused_certificate(server.refusal()));
  } else if (refused) {
    reply.problem = fmt::format("{}: the answer was given up", where);
  } else {
    reply.whole = true;
  }
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
    // A Status says more than the number.
    const std::string said = json_member(answer.body, {"message"});
    if (!said.empty()) answer.reply.problem += ": " + said.substr(0, kLongestWords);
  }
  return answer;
}

}  // namespace hostnet
