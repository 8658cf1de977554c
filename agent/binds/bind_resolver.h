#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/binds/refused_bind.h"
#include "agent/ports/owners/cgroup_lookup.h"
#include "agent/ports/pod_index.h"
#include "agent/ports/scan/port_probe.h"
#include "netlink/base/token_bucket.h"
#include "netlink/bind_events/bind_events.h"
#include "netlink/node/node.h"

namespace hostnet {

// Resolves a bind() event: who called it, why it was refused and who holds the port. Reads the node
// immediately. Not thread safe.
class BindResolver {
 public:
  explicit BindResolver(const Node& node);

  struct Names {
    const std::vector<std::string>& node_components;
    const PodIndex& pods;
  };
  // Who called bind(): by its cgroups, those of the pod if the container's is already gone, else by
  // its process.
  Owner owner_of(const Binder& binder, const Names& names);
  // A refusal that happened `times` times, the last being `event` and the first at `first`.
  RefusedBind resolve(const BindEvent& event, SteadyTime first, std::uint64_t times,
                      const Names& names);

 private:
  const CgroupPlace* place_of(const Binder& binder);
  int number_of(const Binder& binder);
  std::optional<CgroupPlace> place_of_process(const Binder& binder);
  bool is_alive(const Binder& binder);
  std::string name_of(const Binder& binder, int number);
  bool runs_component(const Binder& binder, const Names& names, std::string& exe);
  std::optional<bool> may_bind_low_ports(const Binder& binder);
  std::string error_of(const BindEvent& event, const std::vector<Holder>& holders);
  bool is_missing_address(const IpAddress& address, const std::vector<Holder>& holders);
  std::vector<Holder> holders_of(const BindEvent& event, const Names& names);
  void add_last_binder(const BindEvent& event, const Names& names, RefusedBind& refused);
  WallTime wall_of(SteadyTime at) const;

  Node node_;
  CgroupLookup cgroups_;
  PortProbe probe_;
  TokenBucket probes_;
  bool shows_processes_{};  // procfs uses the same process numbers as the BPF programs
  std::string text_;
};

}  // namespace hostnet
