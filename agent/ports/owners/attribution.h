#pragma once

// Finds the owner of each socket: remembered by the socket's cookie, searched for only when it is
// new, and re-checked to detect changes.

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

// A new socket is searched for in the cgroup in which it was created, then in the newest processes,
// then in all of them. Later scans do not read descriptor directories again: known (process,
// descriptor) pairs are checked in turn, some per update, each within 30 seconds; from the third
// minute on within 90 unless the port is urgent. Searches for unfound owners back off (1 s to 5
// min), so a socket of the kernel does not cost a scan of /proc per tick.
// a socket of the kernel does not cost a scan of /proc per tick.
// Not thread safe: owned by the watch. Reads the Node's clock only to pace full scans.
// full scans.
class Attribution {
 public:
  struct Options {
    std::vector<std::string> node_components;  // from the Policy; a change re-evaluates all owners
    PortRange ephemeral{32768, 60999};
    // Ports whose owner is needed at once (declared or requested), sorted. An unconnected UDP
    // socket on another ephemeral port is mostly a DNS query: its process is searched for only once
    // it is 3 s old.
    std::vector<std::uint16_t> urgent_ports;
    bool same_sockets{};  // exactly those of the last update, in the same order
    // If false, a new socket's owner is derived only from the cgroup in which it was created, until
    // an update that searches. That costs next to nothing.
    bool search_processes = true;
  };

  explicit Attribution(const Node& node) : node_(node), cgroups_(*node_.files) {}

  // One scan. Sockets without an inode (TIME_WAIT) keep the owner of their cookie, or have an
  // unknown one.
  void update(std::span<const Socket> sockets, std::span<const Link> links, const Options& options,
              SteadyTime now);

  // The owner as of the last update, valid until the next one; an unknown one for a socket that was
  // not in it.
  const Owner& owner_of(const Socket& socket) const;
  // The descriptors through which processes had it then; empty: no process is known to.
  std::span<const SocketUse> uses_of(const Socket& socket) const;

  // Changes after an update that changed any owner.
  std::uint64_t revision() const { return revision_; }

  // Unset if all relevant processes could be inspected and none is hidden. Otherwise the reason and
  // the remedy.
  const std::optional<Problem>& problem() const { return problem_; }

  // The work done by the last update.
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
    std::vector<SocketUse> uses;   // the first belongs to owner.processes[0]
    std::size_t primary{};         // fingerprint of that process when it was evaluated
    std::size_t primary_cgroup{};  // fingerprint of its cgroups; 0 not read yet
    std::uint64_t seen_in{};       // number of the last dump that contained it
    SteadyTime first_seen, last_seen, next_check;  // last_seen: only for absent sockets
    std::optional<SteadyTime> next_search;         // unset: nothing to search for
    unsigned old_checks{};                         // since it counts as old
    unsigned fruitless{};                          // full scans without a sufficient result
    bool denied{};                                 // some process could not be inspected
    bool hidden{};  // its cgroup has processes that proc/ does not show
  };
  // Data read of one process, at most once per update.
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
  void note_uses(Entry& entry, const Search& search, SteadyTime now);
  void search_newest(Search& search);
  void search_everywhere(Search& search, SteadyTime now);
  bool found_enough(const Entry& entry, const Search& search);
  void retry_later(Entry& entry, const Search& search, SteadyTime now);

  // attribution_owner.cpp
  bool own_by_processes(Entry& entry);
  Owner owner_by(const Entry& entry, const CgroupPlace* made_in);
  void set_owner(Entry& entry, Owner owner);
  void name_the_container_served(const Socket& socket, const CgroupPlace& home, Owner& owner);
  void name_the_socket_unit(const CgroupPlace& made_in, Owner& owner, bool idle) const;
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
  std::unordered_map<std::uint64_t, Entry> entries_;  // by cookie; entries have stable addresses
  std::vector<Entry*> present_;                       // of this update, in the sockets' order
  std::unordered_map<int, SeenProcess> processes_;    // of this update
  std::span<const Link> links_;                       // of this update
  Options options_;
  std::uint64_t updates_{}, dumps_{};
  bool has_searched_{};
  std::uint64_t revision_{};
  std::size_t next_check_{};  // round robin over present_
  Pacer full_scans_{20};      // times the duration of one
  SteadyTime last_update_, next_forgetting_;
  std::optional<int> own_pid_;
  ProcfsView view_{ProcfsView::every_process};
  std::optional<Problem> problem_;
  std::string refused_;  // the system's error for the first process that could not be inspected
  Work work_;
  std::string text_;
};

}  // namespace hostnet
