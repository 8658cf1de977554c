#pragma once

// --fix.reserve-ports: keeps the declared ports that lie in the ephemeral range
// in net.ipv4.ip_local_reserved_ports, so that no outgoing connection gets them.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/findings/report.h"
#include "agent/reserve/kept_state.h"
#include "agent/reserve/plan.h"
#include "agent/reserve/state_folder.h"
#include "netlink/node/node.h"
#include "netlink/node/reserved_ports_file.h"

namespace hostnet {

struct ReserverSettings {
  std::string state_folder;
  // A port stays reserved for this long after the last pod that declared it is gone: a successor
  // may follow.
  std::chrono::milliseconds release_after{};
};

// The changes made by one call, for the log, and why it could not do more.
struct Reservations {
  PortSet added, released, taken_over;  // as in ReservationPlan
  // The state of an earlier run that cannot be read, and is discarded.
  std::optional<Error> forgotten;
  std::optional<Problem> problem;
};

// For one thread at a time. Writes only what it can undo: without a place for its state it only
// reports that.
class PortReserver {
 public:
  PortReserver(std::shared_ptr<const Node> node, std::unique_ptr<ReservedPortsFile> file,
               ReserverSettings settings);

  // Call after every scan of the node; returns immediately if pods, ranges and list are unchanged.
  // With pods that are stale, not synced or partly unreadable it only adds. `report.table` and
  // `report.pods` are set.
  Reservations see(const Report& report, SteadyTime now);

  // Removes all ports that the agent added, even if still wanted.
  Reservations restore();

 private:
  std::optional<Problem> open(Reservations& done);
  void plan_and_write(ReservationFacts facts, Reservations& done);
  void remember_who_left(const ReservationFacts& facts, SteadyTime now);
  PortSet lately_wanted(SteadyTime now) const;
  Result<> keep(const PortSet& added, const PortSet& before, const PortSet& after) const;

  const std::shared_ptr<const Node> node_;
  const std::unique_ptr<ReservedPortsFile> file_;
  const ReserverSettings settings_;
  std::unique_ptr<StateFolder> folder_;  // unset: not ready yet
  std::string boot_;
  OwnReservation own_;
  std::map<std::uint16_t, SteadyTime> left_;  // added by the agent, no longer declared
  std::optional<Problem> problem_;            // of the last attempt
  // The last attempt's input, and when to retry even if nothing changed.
  std::shared_ptr<const PodSnapshot> pods_;
  std::optional<PortRanges> ranges_;
  SteadyTime due_{SteadyTime::max()};
};

}  // namespace hostnet
