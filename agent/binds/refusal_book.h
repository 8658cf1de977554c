#pragma once

// What bind() refused to the pods of this node and is not settled: folded, bounded, and closed
// when it is over. No clock, no kernel.

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

  // Refusals of one container, protocol and port are one. Left alone: what is not a pod's, and
  // where the pod itself has the port. Whether there is something new to tell; a higher count
  // alone is not.
  bool add(const RefusedBind& refused, const PodIndex& pods);

  // A bind() that succeeded. It settles the container's refusal there, and those of a search for
  // a free port that it ends: of the same process, on the ports right before. A refusal of that
  // very attempt was none. Whether any was settled.
  struct Success {
    Protocol protocol{};
    std::uint16_t port{};
    int process{};  // as in RefusedBind
    Owner binder;
  };
  bool settle(const Success& success, const PodIndex& pods);

  // As time goes by: names what was unknown, forgets what is over (the pod is gone, ten minutes
  // are), sees whether containers ended. `certain`: the pods are those that there are now.
  // Whether anything changed.
  bool update(const PodIndex& pods, bool certain, WallTime now);

  // By protocol, port and pod.
  std::vector<Refusal> refusals() const;
  bool empty() const { return entries_.empty(); }
  // Whether something was refused to that process last.
  bool has_process(int process) const;
  // Refusals that found no place, since the start.
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
