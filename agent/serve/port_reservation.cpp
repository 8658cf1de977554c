#include "agent/serve/port_reservation.h"

#include <string_view>
#include <utility>

#include "agent/log/log.h"
#include "agent/ports/port_ranges.h"

namespace hostnet {
namespace {

void log_ports(std::string_view what, const PortSet& ports) {
  if (ports.none()) return;
  log::info(what, {{"ports", port_list(ranges_of(ports))},
                   {"sysctl", "net.ipv4.ip_local_reserved_ports"}});
}

void log_reservations(const Reservations& done) {
  if (done.forgotten) {
    log::warn("state of an earlier run is unreadable, its reserved ports stay",
              {{"error", done.forgotten->message}});
  }
  log_ports("reserved ports were changed by something else and stay", done.taken_over);
  log_ports("reserved declared ports", done.added);
  log_ports("released ports that are no longer declared", done.released);
}

}  // namespace

void reserve_ports(PortReserver& reserver, Report& report) {
  Reservations done = reserver.see(report, report.generated_at_steady);
  log_reservations(done);
  if (done.problem) report.problems.push_back(*std::move(done.problem));
}

void restore_ports(PortReserver& reserver) {
  const Reservations done = reserver.restore();
  log_reservations(done);
  if (done.problem) {
    log::error("reserved ports are not restored",
               {{"error", done.problem->message}, {"remedy", done.problem->remedy}});
  }
}

}  // namespace hostnet
