// The part of Attribution that searches for processes.

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "agent/ports/owners/attribution.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

using std::chrono::seconds;

constexpr std::size_t kNewest = 64;
constexpr seconds kLongestBackoff{300};

template <class Entries>
std::vector<std::uint64_t> inodes_of(const Entries& entries) {
  std::vector<std::uint64_t> inodes;
  inodes.reserve(entries.size());
  for (const auto* entry : entries) inodes.push_back(entry->socket.inode);
  return inodes;
}

}  // namespace

struct Attribution::Search {
  std::span<Entry* const> wanted;
  ProcessScan scan;
  bool searched_everywhere{};
};

void Attribution::search(std::span<Entry* const> wanted, SteadyTime now) {
  if (wanted.empty()) return;
  Search search{.wanted = wanted, .scan = {*node_.files, inodes_of(wanted)}};
  const bool cold = !std::exchange(has_searched_, true);
  if (cold && node_.process_sockets) search.scan.inspect_all(*node_.process_sockets);
  search.scan.inspect(own_pid());
  search_its_cgroup(search);
  const auto missing = [&] {
    return std::ranges::any_of(wanted,
                               [&](const Entry* entry) { return !found_enough(*entry, search); });
  };
  bool more = missing();
  if (more && !cold) {
    search_newest(search);
    more = missing();
  }
  if (more) search_everywhere(search, now);
  work_.directories_read += search.scan.directories_read();
  // Keep the first message while it persists, so that the problem does not change each time.
  if (refused_.empty()) refused_ = search.scan.refused();

  for (Entry* entry : wanted) note_uses(*entry, search, now);
  for (Entry* entry : wanted) {
    if (own_by_processes(*entry)) {
      entry->hidden = false;
    } else {
      own_without_processes(*entry, search.searched_everywhere);
    }
    retry_later(*entry, search, now);
  }
}

// Adds the processes that the search found to those known to hold the socket.
void Attribution::note_uses(Entry& entry, const Search& search, SteadyTime now) {
  const auto has = [&](int pid) { return contains(entry.uses, pid, &SocketUse::pid); };
  for (const SocketUse& use : search.scan.uses_of(entry.socket.inode)) {
    if (!has(use.pid)) entry.uses.push_back(use);
  }
  entry.next_check = now + kCheckAfter;
  entry.denied = search.scan.denied() || view_ == ProcfsView::hidden ||
                 (entry.denied && !search.searched_everywhere);
  const CgroupPlace* made_in = cgroups_.of_id(entry.socket.cgroup_id);
  if (made_in != nullptr && has(own_pid())) cgroups_.set_own_path(made_in->path);
}

void Attribution::search_its_cgroup(Search& search) {
  std::unordered_set<const CgroupPlace*> read;
  std::unordered_set<const CgroupPlace*> with_hidden;
  for (Entry* entry : search.wanted) {
    const CgroupPlace* place = cgroups_.of_id(entry->socket.cgroup_id);
    if (place == nullptr) continue;
    if (read.insert(place).second) {
      bool hidden = false;
      const std::vector<int> pids = cgroups_.processes_in(*place, hidden);
      if (hidden) with_hidden.insert(place);
      if (cgroups_.is_unified()) {
        for (const int pid : pids) processes_[pid].place = *place;
      }
      search.scan.inspect(pids);
    }
    entry->hidden = with_hidden.contains(place);
  }
}

void Attribution::search_newest(Search& search) {
  const auto pids = list_processes(*node_.files);
  if (!pids) return;
  std::vector<int> newest;
  for (auto pid = pids->rbegin(); pid != pids->rend() && newest.size() < kNewest; ++pid) {
    if (!search.scan.has_inspected(*pid)) newest.push_back(*pid);
  }
  search.scan.inspect(newest);
  // The parents most likely have the socket too, and created it.
  std::vector<int> family;
  for (const Entry* entry : search.wanted) {
    for (const SocketUse& use : search.scan.uses_of(entry->socket.inode)) {
      if (const auto& stat = stat_of(use.pid)) {
        family.push_back(stat->parent);
        family.push_back(stat->session);
      }
    }
  }
  search.scan.inspect(family);
}

void Attribution::search_everywhere(Search& search, SteadyTime now) {
  const bool somebody_waits = std::ranges::any_of(search.wanted, [&](const Entry* entry) {
    return entry->fruitless == 0 && is_urgent(entry->socket);
  });
  if (!full_scans_.due(now) && !somebody_waits) return;
  const SteadyTime begin = node_.clock->steady();
  const auto pids = list_processes(*node_.files);
  view_ = procfs_view(*node_.files, pids);
  if (!pids) return;
  // The newest first: they come and go most often.
  const std::vector<int> order(pids->rbegin(), pids->rend());
  search.scan.inspect(order);
  // Processes forked in the meantime by a parent that is gone by now.
  if (const auto again = list_processes(*node_.files)) search.scan.inspect(*again);
  search.searched_everywhere = true;
  ++work_.full_scans;
  full_scans_.rest(now, node_.clock->steady() - begin);
}

// systemd holds the sockets of units that it activates: look for another process.
bool Attribution::found_enough(const Entry& entry, const Search& search) {
  return std::ranges::any_of(search.scan.uses_of(entry.socket.inode),
                             [&](const SocketUse& use) { return !is_launcher(use.pid); });
}

void Attribution::retry_later(Entry& entry, const Search& search, SteadyTime now) {
  entry.next_search.reset();
  if (!entry.uses.empty() && !is_launcher(entry.uses.front().pid)) {
    entry.fruitless = 0;
    return;
  }
  if (!search.searched_everywhere) {
    entry.next_search = std::max(now + seconds{1}, full_scans_.next());
    return;
  }
  ++entry.fruitless;
  if (entry.owner->kind == HolderKind::kernel) {
    entry.next_search = now + kLongestBackoff;
    return;
  }
  constexpr unsigned kDoublings = 9;
  entry.next_search =
      now + std::min(kLongestBackoff, seconds{1LL << std::min(entry.fruitless - 1, kDoublings)});
}

}  // namespace hostnet
