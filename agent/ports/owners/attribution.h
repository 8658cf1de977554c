#pragma once

// Who has each socket: remembered by the socket's cookie, searched for only when
// it is new, and checked so that a change is found out.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/ports/holder.h"
#include "agent/ports/owners/cgroup_lookup.h"
#include "agent/ports/owners/owner_pool.h"
#include "agent/ports/owners/process.h"
#include "agent/ports/owners/process_scan.h"
#include "agent/ports/owners/procfs_view.h"
#include "agent/ports/port_ranges.h"
#include "agent/verdicts/problem.h"
#include "netlink/base/pacer.h"
#include "netlink/node/node.h"

namespace hostnet {

// A new socket is searched for in the cgroup in which it was made, then in the
// newest processes, then in all of them. Later scans read no descriptor
// directory again: known (process, descriptor) pairs are checked one by one, a
// slice of them per update, each within 30 seconds; from the third minute on within 90 where the
// port is not urgent. What is not found is searched for again ever more rarely (1 s to 5 min), so
// a socket of the kernel does not cost a scan of /proc per tick.
//
// Not thread safe: owned by the watch. Reads the clock of the Node only to pace
// full scans.
class Attribution {
 public:
  struct Options {
    std::vector<std::string> node_components;  // Policy's; a change judges all again
    PortRange ephemeral{32768, 60999};
    // Ports whose owner is wanted at once (declared, or asked for), sorted. An
    // unconnected UDP socket on another ephemeral port is somebody's DNS query
    // most of the time: its process is searched for only when it is 3 s old.
    std::vector<std::uint16_t> urgent_ports;
    bool same_sockets{};  // exactly those of the last update, in its order
    // Else a new socket's owner is what the cgroup says in which it was made, until an update that
    // searches. That costs next to nothing.
    bool search_processes = true;
  };

  explicit Attribution(const Node& node) : node_(node), cgroups_(*node_.files) {}

  // One scan. Sockets without an inode (TIME_WAIT) have the owner that their
  // cookie had, or an unknown one.
  void update(std::span<const Socket> sockets, std::span<const Link> links, const Options& options,
              SteadyTime now);

  // The owner as the last update left it, valid until the next; an unknown one
  // for a socket that was not in it.
  const Owner& owner_of(const Socket& socket) const;
  // Through which descriptors processes had it then; empty: nobody is known to.
  std::span<const SocketUse> uses_of(const Socket& socket) const;

  // Another number after an update that gave somebody another owner.
  std::uint64_t revision() const { return revision_; }

  // Unset when every process that had to be inspected could be, and nobody hides one. Otherwise
  // why not, and what to do about it.
  const std::optional<Problem>& problem() const { return problem_; }

  // What the last update did.
  struct Work {
    std::size_t directories_read{};     // proc/<pid>/fd
    std::size_t descriptors_checked{};  // proc/<pid>/fd/<fd>
    std::size_t full_scans{};
    bool operator==(const Work&) const = default;
  };
  const Work& work() const { return work_; }

 private:
  struct Entry {
    Socket socket;
    std::shared_ptr<const Owner> owner = unknown_owner();
    std::vector<SocketUse> uses;   // the first is owner.processes[0]'s
    std::size_t primary{};         // fingerprint of that process as it was when it was judged
    std::size_t primary_cgroup{};  // fingerprint of its cgroups; 0 not read yet
    std::uint64_t seen_in{};       // number of the last dump that had it
    SteadyTime first_seen, last_seen, next_check;  // last_seen: of those that are not present
    std::optional<SteadyTime> next_search;         // unset: nothing to search for
    unsigned old_checks{};                         // since it is old
    unsigned fruitless{};                          // full scans that did not find enough
    bool denied{};                                 // some process could not be inspected
    bool hidden{};  // its cgroup has processes that proc/ does not show
  };
  // What is read of one process, at most once per update.
  struct SeenProcess {
    std::optional<Result<ProcessStat>> stat;
    std::optional<std::string> exe;
    std::optional<bool> runs_component;
    std::optional<CgroupPlace> place;
    std::optional<std::size_t> fingerprint;
  };
  struct Search;
  static constexpr std::chrono::seconds kCheckAfter{10};
  static const std::shared_ptr<const Owner>& unknown_owner();

  void collect(std::span<const Socket> sockets, SteadyTime now);
  bool may_wait(const Entry& entry, SteadyTime now) const;
  bool is_urgent(const Socket& socket) const;
  void revalidate(SteadyTime now);
  void check(Entry& entry, SteadyTime now);
  void forget_gone(SteadyTime now);
  void state_problem();

  // attribution_search.cpp
  void search(std::span<Entry* const> wanted, SteadyTime now);
  void search_its_cgroup(Search& search);
  void search_newest(Search& search);
  void search_everywhere(Search& search, SteadyTime now);
  bool found_enough(const Entry& entry, const Search& search);
  void retry_later(Entry& entry, const Search& search, SteadyTime now);

  // attribution_owner.cpp
  bool own_by_processes(Entry& entry);
  void set_owner(Entry& entry, Owner owner);
  void name_the_container_served(const Socket& socket, const CgroupPlace& home, Owner& owner);
  void name_the_socket_unit(const CgroupPlace* made_in, Owner& owner, bool idle) const;
  void own_without_processes(Entry& entry, bool searched_everywhere);
  bool is_launcher(int pid);
  bool is_daemon(int pid);
  const Result<ProcessStat>& stat_of(int pid);
  const std::string& exe_of(int pid);
  bool runs_component(int pid);
  const CgroupPlace& place_of(int pid);
  std::size_t fingerprint_of(int pid);
  int own_pid();

  Node node_;
  CgroupLookup cgroups_;
  OwnerPool owners_;
  std::unordered_map<std::uint64_t, Entry> entries_;  // by cookie; their addresses are stable
  std::vector<Entry*> present_;                       // of this update, in the sockets' order
  std::unordered_map<int, SeenProcess> processes_;    // of this update
  std::span<const Link> links_;                       // of this update
  Options options_;
  std::uint64_t updates_{}, dumps_{};
  bool has_searched_{};
  std::uint64_t revision_{};
  std::size_t next_check_{};  // round robin over present_
  Pacer full_scans_{20};      // times what one took
  SteadyTime last_update_, next_forgetting_;
  std::optional<int> own_pid_;
  ProcfsView view_{ProcfsView::every_process};
  std::optional<Problem> problem_;
  std::string refused_;  // what the system said of the first process that could not be inspected
  Work work_;
  std::string text_;
};

}  // namespace hostnet
