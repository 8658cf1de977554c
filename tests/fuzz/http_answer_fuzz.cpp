// Any bytes as a server's answer over TLS, in pieces of any size: the client gives up or has an
// answer, and what it says of it fits what came.

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "agent/kube/kube_client.h"
#include "tests/http/certificates.h"

namespace {

using SslContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

// Answers each connection's request with the same bytes, and closes.
class Server {
 public:
  Server() : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c): it cannot fail
    const hostnet::Pem pem = hostnet::TestCa().issue("server", "IP:127.0.0.1");
    const hostnet::TestFolder folder;
    const std::string certificate = folder.write("c.pem", pem.certificate);
    const std::string key = folder.write("k.pem", pem.key);
    SSL_CTX_use_certificate_chain_file(context_.get(), certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    std::thread([this] { serve(); }).detach();  // as long as the program
  }

  int port() const { return port_; }
  void say(std::string_view answer, std::size_t step) {
    const std::scoped_lock lock(mutex_);
    answer_ = answer;
    step_ = step;
  }

 private:
  void serve() {
    while (true) {
      const int peer = accept(listener_, nullptr, nullptr);
      if (peer < 0) continue;
      const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), SSL_free);
      SSL_set_fd(tls.get(), peer);
      if (SSL_accept(tls.get()) == 1) answer(tls.get());
      SSL_shutdown(tls.get());
      close(peer);
    }
  }
  void answer(SSL* tls) {
    char request[4096];
    if (SSL_read(tls, request, sizeof request) <= 0) return;
    const std::scoped_lock lock(mutex_);
    for (std::size_t at = 0; at < answer_.size(); at += step_) {
      const std::size_t size = std::min(step_, answer_.size() - at);
      if (SSL_write(tls, answer_.data() + at, static_cast<int>(size)) <= 0) return;
    }
  }

  SslContext context_;
  int listener_{}, port_{};
  std::mutex mutex_;  // guards the rest
  std::string answer_;
  std::size_t step_{1};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Server& server = *new Server;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  server.say(text, size == 0 ? 1 : 1 + std::size_t{data[size - 1]} * 16);
  hostnet::ClusterAccess access;
  access.host = "127.0.0.1";
  access.port = server.port();
  access.insecure = true;
  hostnet::KubeClient client(access, {.connect = std::chrono::seconds(3),
                                      .silence = std::chrono::seconds(1),
                                      .answer = std::chrono::milliseconds(1'000),
                                      .retry = {}});
  int accepted = 0;
  std::size_t got = 0;
  const auto reply = client.get(
      "/api/v1/pods", [&] { ++accepted; },
      [&](std::string_view piece) {
        if (accepted != 1) std::abort();
        got += piece.size();
        return true;
      });
  if (accepted > 1 || got > size) std::abort();
  if (reply.problem.empty() && reply.status != 200 && reply.status != 201) std::abort();
  if (reply.problem.empty() && (reply.status == 200) != (accepted == 1)) std::abort();
  if (reply.problem.find('\n') != std::string::npos) std::abort();
  if (reply.whole && reply.status == 0) std::abort();
  return 0;
}
