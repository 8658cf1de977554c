#include "agent/ports/scan/option_probe.h"

#include <utility>

#include "agent/ports/denial.h"

namespace hostnet {
namespace {

using std::chrono::seconds;

// TIME_WAIT lasts 60 s.
constexpr seconds kRememberOptions{120};
// A preforking server has many processes; one of these answers unless all are gone.
constexpr std::size_t kMostAsked = 4;

bool is_handshake(const Socket& socket) {
  return socket.state == SocketState::syn_recv || socket.state == SocketState::new_syn_recv;
}

}  // namespace

bool options_decide(const Socket& socket) {
  if (socket.protocol == Protocol::tcp) {
    return socket.state != SocketState::listen && !is_handshake(socket);
  }
  return socket.protocol == Protocol::udp && !socket.is_server() && !socket.v6only &&
         socket.local.unmapped().family == AddressFamily::ipv6;
}

void OptionProbe::begin_scan(SteadyTime now) {
  now_ = now;
  problem_.reset();
  if (now < next_forgetting_) return;
  next_forgetting_ = now + kRememberOptions / 2;
  std::erase_if(known_,
                [&](const auto& item) { return now - item.second.last_seen > kRememberOptions; });
}

Sharing OptionProbe::ask(Socket& socket, std::span<const SocketUse> uses, bool again) {
  const auto at = known_.find(socket.cookie);
  const bool remembered = socket.cookie != 0 && at != known_.end();
  Sharing sharing{.reuse_address = {}, .reuse_port = {}, .unknown = Reason::vanished};
  if (again || !remembered) {
    for (const SocketUse& use : uses.first(std::min(uses.size(), kMostAsked))) {
      const auto options = node_.socket_options->read(use.pid, use.fd, socket.inode);
      if (!options) {
        sharing.unknown = options.error().reason;
        if (sharing.unknown == Reason::vanished) continue;
        if (!remembered) note_refusal(options.error());
        break;
      }
      sharing = {.reuse_address = options->reuse_address,
                 .reuse_port = options->reuse_port,
                 .unknown = {}};
      if (!socket.v6only) socket.v6only = options->v6only;
      known_[socket.cookie] = {.sharing = sharing, .v6only = options->v6only, .last_seen = now_};
      return sharing;
    }
  }
  if (!remembered) return sharing;
  at->second.last_seen = now_;
  if (!socket.v6only) socket.v6only = at->second.v6only;
  return at->second.sharing;
}

void OptionProbe::note_refusal(const Error& error) {
  if (problem_ || error.reason != Reason::denied) return;
  Denial denial = explain_denial(node_, error.message);
  if (denial.code == "process_denied") {
    // The reader of the options knows what refused them and puts that last.
    const auto cause = error.message.rfind(": ");
    denial.cause = cause == std::string::npos ? error.message : error.message.substr(cause + 2);
    denial.remedy += ", or allow pidfd_open and pidfd_getfd (seccomp)";
  }
  problem_ = {
      .code = "socket_options_denied",
      .message = "whether sockets let others bind their port cannot be asked: " + denial.cause,
      .remedy = std::move(denial.remedy)};
}

}  // namespace hostnet
