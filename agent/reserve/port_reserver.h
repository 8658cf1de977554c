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
  // A port stays reserved for this long after the last pod that declared it is
  // gone: its successor is on its way.
  std::chrono::milliseconds release_after{};
};

// What one call did, for the log, and why it could not do more.
struct Reservations {
  PortSet added, released, taken_over;  // as in ReservationPlan
  // A forgotten past: the state of an earlier run that cannot be read.
  std::optional<Error> forgotten;
  std::optional<Problem> problem;
};

// Of one thread at a time. Writes nothing that it could not take back: without a
// place for its state it only says so.
class PortReserver {
 public:
  PortReserver(std::shared_ptr<const Node> node, std::unique_ptr<ReservedPortsFile> file,
               ReserverSettings settings);

  // After every scan of the node; returns at once when pods, ranges and list
  // are as they were. Pods that are stale, not synced or partly unreadable only
  // add. `report.table` and `report.pods` are set.
  Reservations see(const Report& report, SteadyTime now);

  // Takes out what the agent added, whoever still wants it.
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
  std::map<std::uint16_t, SteadyTime> left_;  // added, and not declared since
  std::optional<Problem> problem_;            // of the last attempt
  // What the last attempt saw, and when the next is due though nothing changed.
  std::shared_ptr<const PodSnapshot> pods_;
  std::optional<PortRanges> ranges_;
  SteadyTime due_{SteadyTime::max()};
};

}  // namespace hostnet
