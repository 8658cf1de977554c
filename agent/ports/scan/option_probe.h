#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "agent/ports/holder.h"
#include "agent/ports/owners/process_scan.h"
#include "agent/ports/port_snapshot.h"
#include "netlink/node/node.h"

namespace hostnet {

// Whether the options of this socket decide who else may bind its port, and
// inet_diag does not tell them. A TCP listener never lets anybody bind beside
// it; every other TCP socket does when both sides have SO_REUSEADDR. A connected
// IPv6 socket stands in the way of 0.0.0.0 unless it is v6only, on UDP too.
bool options_decide(const Socket& socket);

// Asks sockets for their options, and remembers the answers by cookie: that
// survives into TIME_WAIT, when there is nobody left to ask. Not thread safe.
class OptionProbe {
 public:
  explicit OptionProbe(const Node& node) : node_(node) {}

  void begin_scan(SteadyTime now);
  // What is known of it, asked through one of `uses` where `again` or where it
  // is not known yet. Sets the socket's v6only where that was not told.
  Sharing ask(Socket& socket, std::span<const SocketUse> uses, bool again);

  // What this scan was refused; unset: nothing.
  const std::optional<Problem>& problem() const { return problem_; }

 private:
  struct Known {
    Sharing sharing;
    std::optional<bool> v6only;
    SteadyTime last_seen;
  };
  void note_refusal(const Error& error);

  Node node_;
  std::unordered_map<std::uint64_t, Known> known_;  // by cookie
  SteadyTime now_, next_forgetting_;
  std::optional<Problem> problem_;
};

}  // namespace hostnet
