#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/findings/report.h"
#include "tests/support/exposition_page.h"

namespace hostnet {

inline Holder holder_of(HolderKind kind, std::string name, Protocol protocol, const char* ip,
                        std::uint16_t port) {
  Holder holder;
  holder.owner.kind = kind;
  holder.name = std::move(name);
  holder.socket.protocol = protocol;
  holder.socket.state = protocol == Protocol::tcp ? SocketState::listen : SocketState::close;
  holder.socket.local = *parse_ip(ip);
  holder.socket.peer.family = holder.socket.local.family;
  holder.socket.local_port = port;
  static std::uint64_t cookie = 1;
  holder.socket.cookie = cookie++;
  return holder;
}

// A scan `seconds` after the agent started that found these holders.
inline Report report_of(std::vector<Holder> holders, int seconds = 1) {
  auto table = std::make_shared<PortSnapshot>();
  table->holders = std::move(holders);
  table->coverage.every_owner = true;
  Report report;
  report.generated_at = WallTime(std::chrono::seconds(1'767'323'045 + seconds));
  report.generated_at_steady = SteadyTime(std::chrono::seconds(1000 + seconds));
  report.complete = true;
  report.table = std::move(table);
  return report;
}

}  // namespace hostnet
