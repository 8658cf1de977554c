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

// Whether this socket's options decide who else may bind its port and inet_diag does not report
// them. A TCP listener never lets another socket bind its port; every other TCP socket does if both
// sides have SO_REUSEADDR. A connected IPv6 socket blocks 0.0.0.0 unless it is v6only, on UDP too.
bool options_decide(const Socket& socket);

// Queries the options of sockets and remembers them by cookie, even into TIME_WAIT, when no process
// has the socket any more. Not thread safe.
class OptionProbe {
 public:
  explicit OptionProbe(const Node& node) : node_(node) {}

  void begin_scan(SteadyTime now);
  // What is known of its options, queried through one of `uses` if `again` or if they are not known
  // yet. Sets the socket's v6only if it was not known.
  Sharing ask(Socket& socket, std::span<const SocketUse> uses, bool again);

  // What this scan was denied; unset: nothing.
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
