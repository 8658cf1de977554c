#pragma once

// The unsettled refusals of bind() to pods of this node: folded, bounded, and removed when they are
// over. No clock, no kernel.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/binds/refused_bind.h"
#include "agent/ports/pod_index.h"
#include "agent/ports/refusal.h"

namespace hostnet {

class RefusalBook {
 public:
  static constexpr std::size_t kMostPerPod = 32;
  static constexpr std::size_t kMostPerNode = 256;

  // Refusals of one container, protocol and port are one entry. Ignores callers outside pods, and
  // ports that the pod itself holds. Returns whether there is something new to report; a higher
  // count alone is not.
  bool add(const RefusedBind& refused, const PodIndex& pods);

  // A bind() that succeeded. It settles the container's refusal of that port, and those of a search
  // for a free port that it ends: of the same process, on the ports right before. Returns whether
  // any was settled.
  struct Success {
    Protocol protocol{};
    std::uint16_t port{};
    int process{};  // as in RefusedBind
    Owner binder;
  };
  bool settle(const Success& success, const PodIndex& pods);

  // Periodic update: fills in missing names, drops entries that are over (the pod is gone, or after
  // ten minutes), checks whether containers ended. `certain`: the pods are the current ones.
  // Returns whether anything changed.
  bool update(const PodIndex& pods, bool certain, WallTime now);

  // By protocol, port and pod.
  std::vector<Refusal> refusals() const;
  bool empty() const { return entries_.empty(); }
  // Whether an entry's last refusal was of that process.
  bool has_process(int process) const;
  // Refusals dropped for lack of room, since the start.
  std::uint64_t cut() const { return cut_; }

 private:
  struct Entry {
    Refusal refusal;
    int process{};                 // of the last one
    std::vector<WallTime> latest;  // at most three
    bool was_known{};              // the pod source knew the pod
  };
  Entry* find(const RefusedBind& refused, const std::string& container);
  bool has_room(const std::string& pod_uid) const;
  bool name(Entry& entry, const PodIndex& pods) const;
  static void count(const RefusedBind& refused, Entry& entry);
  static void keep_latest(Entry& entry);
  void fold_runs();

  std::vector<Entry> entries_;
  std::uint64_t cut_{};
};

}  // namespace hostnet
