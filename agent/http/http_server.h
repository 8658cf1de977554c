#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/http/details.h"
#include "agent/http/listen.h"
#include "agent/http/message/http.h"
#include "agent/http/peers/peer_share.h"
#include "netlink/base/error.h"

// The agent's HTTP server. It keeps answering while hundreds of clients are slow:
// one thread collects request heads and sends the rest of answers, four workers
// run handlers and wait for a client only briefly.
namespace hostnet {

struct ServerOptions {
  // --web.listen-address, repeatable: "host:port", ":20000" (both families),
  // "[::1]:20000", "unix:/run/agent.sock". Port 0: the kernel chooses.
  std::vector<std::string> listen{":20000"};
  std::string socket_group;  // may connect to unix sockets too: a name or a number
  // Take the sockets that systemd passed instead (LISTEN_PID, LISTEN_FDS).
  bool activated_sockets{false};
  // Most limited requests between their head and the end of their handler; others
  // get 503. 0: no limit.
  int max_requests{40};
  Details details{Details::loopback};
  std::string details_token_file;  // for Details::token
  std::string web_config_file;     // exporter-toolkit's YAML; empty: none
  int workers{4};
  // At the cap the peer with the most loses its oldest connection that is not
  // being answered. A peer on this machine, or one that signed in within
  // kKnownFor, keeps kKeptConnections.
  int max_connections{512};
  FindLocalPeer find_local_peer;  // distinguishes peers on this machine
  // Begun per second, peers taking turns; the rest wait. 1 to 1,000.
  int tls_handshakes{100};
  std::size_t head_limit{std::size_t{16} * 1024};
  // Bytes of all request heads being collected or answered. Past it the peer with the
  // most loses connections that are sending one.
  std::size_t heads_limit{std::size_t{4} * 1024 * 1024};
  std::chrono::milliseconds head_timeout{3'000};  // also for a TLS handshake
  std::chrono::milliseconds idle_timeout{300'000};
  // An answer that its reader has not read by then is cut. Large ones get one
  // more second per `write_rate` bytes.
  std::chrono::milliseconds write_timeout{10'000};
  std::size_t write_rate{std::size_t{256} * 1024};
  // Bytes of all answers waiting for slow readers. Past it the peer with most loses its oldest.
  std::size_t buffer_limit{std::size_t{8} * 1024 * 1024};
  int gzip_level{3};
  // How often the web config file and the files it names are checked for changes.
  std::chrono::milliseconds reload_interval{1'000};
  // Called after each change of the web config; an error says why the old one is
  // kept. On the server's thread; must not block.
  std::function<void(const Result<>&)> on_reload;
  std::function<void()> on_loop_thread;  // called first on the loop's thread
  // Called for each request that gets 503 because of max_requests. On the server's
  // thread; must not block.
  std::function<void(const HttpRequest&)> on_overload;
  // Called for each request that got the answer of an equal one
  // (HttpRoute::shared). On a worker.
  std::function<void(const HttpRequest&, int status)> on_shared_answer;
};

struct ServerStats {
  std::uint64_t accepted{};
  std::uint64_t open{};
  std::uint64_t in_flight{};   // limited requests now
  std::uint64_t overloaded{};  // answered 503 past max_requests
  std::uint64_t timed_out{};   // heads and handshakes that took too long
  std::uint64_t evicted{};     // closed to make room for others
  std::uint64_t cut{};         // readers too slow for their answer
  std::uint64_t tls_failures{};
  // By route path ("" = none) and status.
  std::map<std::pair<std::string, int>, std::uint64_t> requests;
  bool operator==(const ServerStats&) const = default;
};

// Why the server could not start; `listen` is set if one address failed, so that
// the caller can say who holds that port (error.system_error EADDRINUSE).
struct StartError {
  Error error;
  ListenAddress listen;
  bool operator==(const StartError&) const = default;
};

class HttpServer {
 public:
  // Already listens and answers when it returns. `more`: listeners that the caller opened.
  static std::expected<std::unique_ptr<HttpServer>, StartError> start(
      ServerOptions options, std::vector<HttpRoute> routes, std::vector<Listener> more = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  // stop() with 2 seconds

  // Closes the listeners at once, gives answers in progress until the deadline,
  // then closes everything. False: a handler had not returned a second after
  // that; its thread is abandoned, and what its handler uses must stay alive.
  // From any thread, any number of times.
  bool stop(std::chrono::milliseconds deadline);

  const std::vector<BoundAddress>& addresses() const;
  bool tls() const;
  ServerStats stats() const;

 private:
  struct Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hostnet
