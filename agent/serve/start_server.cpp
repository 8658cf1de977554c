#include "agent/serve/start_server.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "agent/log/log.h"
#include "agent/render/words.h"
#include "agent/serve/agent_socket.h"
#include "agent/serve/daemon_answers.h"
#include "agent/serve/local_peers.h"
#include "agent/serve/process/hardened.h"
#include "agent/serve/routes.h"
#include "agent/watch/scan.h"
#include "netlink/live_netlink.h"

namespace hostnet {
namespace {

void log_reload(const Result<>& loaded) {
  if (loaded) {
    log::info("web configuration loaded");
  } else {
    log::error("web configuration rejected, keeping the old one",
               {{"error", loaded.error().message}});
  }
}

ServerOptions server_options(const std::shared_ptr<DaemonState>& state, const ServeOptions& serve) {
  const auto count = [state, path = serve.telemetry_path](const HttpRequest& request, int status) {
    if (request.path == path) state->metrics.request_answered(status);
  };
  ServerOptions options = serve.web;
  options.on_loop_thread = thread_confiner(serve.hardening);
  options.find_local_peer = find_local_peers(live_netlink());
  options.on_overload = [count](const HttpRequest& request) { count(request, 503); };
  options.on_shared_answer = count;
  options.on_reload = log_reload;
  return options;
}

// "cannot listen on :20000: held by nginx.service nginx[812] root".
std::string explain(const StartError& error, const std::shared_ptr<const Node>& node,
                    const Policy& policy) {
  std::string message = error.error.message;
  if (error.error.system_error != EADDRINUSE || error.listen.port == 0) return message;
  NodeContext node_context;
  node_context.node = node;
  const CheckQuery query{.protocol = Protocol::tcp, .port = error.listen.port};
  const CheckAnswer answer =
      check_once(node_context, std::make_shared<const PodSnapshot>(), policy, {&query, 1}).front();
  if (!answer.holders.empty()) {
    message += fmt::format("; it is held by {}", holders_words(answer.holders));
  }
  return message;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> start_server(const std::shared_ptr<DaemonState>& state,
                                                 const ServeOptions& options,
                                                 const std::shared_ptr<const Node>& node) {
  auto server =
      HttpServer::start(server_options(state, options),
                        routes(daemon_answers(state, options.telemetry_path)), listen_for_calls());
  if (server) return *std::move(server);
  Error error = server.error().error;
  error.message = explain(server.error(), node, *state->policy.get());
  return std::unexpected(std::move(error));
}

}  // namespace hostnet
