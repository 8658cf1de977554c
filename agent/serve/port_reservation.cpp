#include "agent/serve/port_reservation.h"

#include <string_view>

#include "agent/log/log.h"
#include "agent/ports/port_ranges.h"

namespace hostnet {
namespace {

void log_ports(std::string_view what, const PortSet& ports) {
  if (ports.none()) return;
  log::info(what, {{"ports", port_list(ranges_of(ports))},
                   {"sysctl", "net.ipv4.ip_local_reserved_ports"}});
}

}  // namespace

void log_reservations(const Reservations& done) {
  if (done.forgotten) {
    log::warn("state of an earlier run is unreadable, its reserved ports stay",
              {{"error", done.forgotten->message}});
  }
  log_ports("reserved ports were changed by something else and stay", done.taken_over);
  log_ports("reserved declared ports", done.added);
  log_ports("released ports that are no longer declared", done.released);
}

}  // namespace hostnet
