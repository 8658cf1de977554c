#include "agent/kube/grpc/grpc_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "agent/kube/grpc/grpc_status.h"
#include "agent/kube/grpc/http2_exchange.h"
#include "netlink/base/escape.h"
#include "netlink/base/text.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {
namespace {

Result<UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return failure(Reason::malformed, "the path of a unix socket has at most 107 bytes");
  }
  std::memcpy(&address.sun_path[0], path.data(), path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (!socket || ::connect(socket.get(), generic, sizeof address) != 0) {
    return system_failure(errno, "connecting");
  }
  return socket;
}

// The contents of the head and the trailers.
struct Answer {
  int http{};
  std::optional<int> status;
  std::string message;

  void take(std::string_view name, std::string_view value) {
    if (name == ":status") http = parse_number<int>(value).value_or(0);
    if (name == "grpc-status") status = parse_number<int>(value).value_or(-1);
    if (name == "grpc-message") {
      message =
          terminal_text(percent_decode(value, PlusSign::is_itself).value_or(std::string(value)));
    }
  }
  Result<> result() const {
    if (http != 200) return failure(Reason::unreachable, fmt::format("HTTP status {}", http));
    if (!status) return failure(Reason::malformed, "an answer without grpc-status");
    if (*status == 0) return {};
    return failure(Reason::unreachable, fmt::format("{}{}{}", grpc_status_name(*status),
                                                    message.empty() ? "" : ": ", message));
  }
};

}  // namespace

Result<std::unique_ptr<GrpcClient>> GrpcClient::create(std::string socket,
                                                       std::chrono::milliseconds within) {
  auto wake = WakeUp::create();
  if (!wake) return std::unexpected(std::move(wake).error());
  return std::unique_ptr<GrpcClient>(new GrpcClient(std::move(socket), within, *std::move(wake)));
}

Result<> GrpcClient::make(const Call& call) {
  const auto socket = connect_to(socket_);
  if (!socket) return std::unexpected(socket.error());
  Http2Request request{.headers = {{":method", "POST"},
                                   {":scheme", "http"},
                                   {":path", call.method},
                                   {":authority", "localhost"},
                                   {"te", "trailers"},
                                   {"content-type", "application/grpc"},
                                   {"user-agent", "hostnet-agent"},
                                   {"grpc-timeout", fmt::format("{}m", within_.count())}},
                       .body = std::string(5, '\0')};  // not compressed, no bytes
  request.headers.insert(request.headers.end(), call.metadata.begin(), call.metadata.end());
  Answer answer;
  bool wanted = true;
  const Http2Handlers handlers{
      .on_header = [&](auto name, auto value) { answer.take(name, value); },
      .on_body = [&](std::string_view part) { return wanted = call.on_body(part); }};
  if (auto done = exchange_http2(socket->get(), wake_.descriptor(), request, handlers, within_);
      !done) {
    return done;
  }
  return wanted ? answer.result() : Result<>{};
}

}  // namespace hostnet
