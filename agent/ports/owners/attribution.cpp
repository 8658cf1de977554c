#include "agent/ports/owners/attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/ports/denial.h"
#include "agent/ports/owners/kernel_socket.h"

namespace hostnet {
namespace {

using std::chrono::seconds;

constexpr seconds kWaitForClients{3};
// Forks, execve() and cgroup moves happen during start-up; they are rare later.
constexpr seconds kStartTakes{120};
constexpr seconds kCheckOldAfter{70};
constexpr seconds kCheckWithin{20};        // after kCheckAfter or kCheckOldAfter
constexpr unsigned kIdentifyOldEvery = 3;  // checks
// Closed connections: their cookies live on in TIME_WAIT. Servers leave nothing behind; they may be
// missing from a dump that failed.
constexpr seconds kRememberConnections{120};
constexpr seconds kRememberServers{5};
constexpr seconds kForgetEvery{10};
constexpr std::size_t kMostRemembered = 65536;

// The cookie; kernels always set one, hand-made sockets may lack it.
std::uint64_t key_of(const Socket& socket) {
  constexpr std::uint64_t kNoCookie = std::uint64_t{1} << 63U;
  return socket.cookie != 0 ? socket.cookie : socket.inode | kNoCookie;
}

Problem why_denied(const Node& node, std::size_t sockets, const std::string& refused) {
  Denial denial = explain_denial(node, refused);
  return {.code = std::move(denial.code),
          .message = fmt::format("who holds {} socket{} cannot be seen: {}", sockets,
                                 sockets == 1 ? "" : "s", denial.cause),
          .remedy = std::move(denial.remedy)};
}

}  // namespace

void Attribution::update(std::span<const Socket> sockets, std::span<const Link> links,
                         const Options& options, SteadyTime now) {
  work_ = {};
  ++updates_;
  processes_.clear();
  links_ = links;
  const bool judge_again = options.node_components != options_.node_components;
  options_ = options;

  if (!options.same_sockets) collect(sockets, now);
  revalidate(now);
  std::vector<Entry*> wanted;
  for (Entry* entry : present_) {
    if (entry->socket.inode == 0) continue;
    if (entry->next_search && *entry->next_search <= now) {
      if (options.search_processes) {
        wanted.push_back(entry);
      } else {
        own_without_processes(*entry, false);
      }
    } else if (judge_again && !entry->uses.empty()) {
      own_by_processes(*entry);
    } else if (entry->uses.empty() && entry->owner->kind == HolderKind::unknown &&
               tunnel_of(entry->socket, links_) != nullptr) {
      own_without_processes(*entry, false);  // the device was not known before
    }
  }
  search(wanted, now);
  state_problem();
  forget_gone(now);
  last_update_ = now;
  links_ = {};
}

void Attribution::collect(std::span<const Socket> sockets, SteadyTime now) {
  for (Entry* entry : present_) entry->last_seen = last_update_;
  ++dumps_;
  present_.clear();
  present_.reserve(sockets.size());
  for (const Socket& socket : sockets) {
    const auto [at, is_new] = entries_.try_emplace(key_of(socket));
    Entry& entry = at->second;
    if (entry.seen_in == dumps_) continue;  // a dump may list a socket twice
    const bool changed_hands = !is_new && socket.inode != 0 && entry.socket.inode != 0 &&
                               entry.socket.inode != socket.inode;
    const bool had_inode = !is_new && entry.socket.inode != 0;
    if (changed_hands) entry = {};
    entry.socket = socket;
    entry.seen_in = dumps_;
    entry.last_seen = now;
    if (is_new || changed_hands) entry.first_seen = now;
    present_.push_back(&entry);
    if (socket.inode == 0 || (had_inode && !changed_hands)) continue;
    entry.next_search = now;
    if (may_wait(entry, now)) {
      own_without_processes(entry, false);
      entry.next_search = now + kWaitForClients;
    }
  }
}

bool Attribution::may_wait(const Entry& entry, SteadyTime now) const {
  const Socket& socket = entry.socket;
  return updates_ > 1 && entry.first_seen == now && socket.protocol == Protocol::udp &&
         options_.ephemeral.contains(socket.local_port) && !is_urgent(socket);
}

void Attribution::revalidate(SteadyTime now) {
  if (present_.empty()) return;
  // Enough to check every entry within kCheckWithin, however often this is called.
  const auto elapsed = std::clamp<SteadyTime::duration>(now - last_update_, {}, kCheckWithin);
  const double share = std::chrono::duration<double>(elapsed) / kCheckWithin;
  auto budget = static_cast<std::size_t>(share * static_cast<double>(present_.size())) + 8;
  for (std::size_t i = 0; i < present_.size() && budget > 0; ++i) {
    next_check_ = next_check_ + 1 < present_.size() ? next_check_ + 1 : 0;
    Entry& entry = *present_[next_check_];
    const bool due = !entry.uses.empty() && entry.socket.inode != 0 && now >= entry.next_check;
    budget -= due ? std::min(budget, entry.uses.size()) : 1;
    if (due) check(entry, now);
  }
}

bool Attribution::is_urgent(const Socket& socket) const {
  return std::ranges::binary_search(options_.urgent_ports, socket.local_port);
}

void Attribution::check(Entry& entry, SteadyTime now) {
  const bool old = now - entry.first_seen > kStartTakes;
  entry.next_check = now + (old && !is_urgent(entry.socket) ? kCheckOldAfter : kCheckAfter);
  const std::size_t before = entry.uses.size();
  std::erase_if(entry.uses, [&](const SocketUse& use) {
    ++work_.descriptors_checked;
    const auto inode = node_.files->socket_inode(use.pid, use.fd);
    if (inode) return *inode != entry.socket.inode;
    return inode.error().reason == Reason::vanished;
  });
  if (entry.uses.size() != before) {
    // Closed, gone or moved to another descriptor; another process may have it now.
    if (!entry.uses.empty()) own_by_processes(entry);
    entry.next_search = now;
    entry.fruitless = 0;
    return;
  }
  // The socket is the same, but execve() changes a process's name, and runtimes move processes to
  // other cgroups.
  if (old && ++entry.old_checks % kIdentifyOldEvery != 0) return;
  const int pid = entry.uses.front().pid;
  const auto& stat = stat_of(pid);
  const std::size_t cgroup = fingerprint_of(pid);
  if (entry.primary_cgroup == 0) entry.primary_cgroup = cgroup;
  if (stat && stat_fingerprint(*stat) == entry.primary && cgroup == entry.primary_cgroup) return;
  if (!own_by_processes(entry)) entry.next_search = now;
}

void Attribution::forget_gone(SteadyTime now) {
  const bool too_many = entries_.size() > kMostRemembered;
  if (now < next_forgetting_ && !too_many) return;
  next_forgetting_ = now + kForgetEvery;
  const std::size_t forgotten = std::erase_if(entries_, [&](const auto& item) {
    const Entry& entry = item.second;
    const auto remember = entry.socket.is_server() ? kRememberServers : kRememberConnections;
    return entry.seen_in != dumps_ && (too_many || now - entry.last_seen > remember);
  });
  if (forgotten > entries_.size()) {  // free the memory of a large crowd
    entries_.rehash(0);
    present_.shrink_to_fit();
  }
  cgroups_.trim();
  owners_.trim();
}

void Attribution::state_problem() {
  problem_.reset();
  std::size_t denied = 0;
  std::size_t hidden = 0;
  for (const Entry* entry : present_) {
    if (entry->socket.inode == 0 || !entry->uses.empty() ||
        entry->owner->kind == HolderKind::kernel) {
      continue;
    }
    denied += entry->denied ? 1U : 0U;
    const bool perhaps_hidden = view_ == ProcfsView::unproven || view_ == ProcfsView::own_container;
    // A process that may not be inspected may be the owner: then report missing permissions first.
    hidden += entry->hidden || (perhaps_hidden && !entry->denied) ? 1U : 0U;
  }
  if (denied == 0) refused_.clear();
  if (hidden > 0) {
    problem_ = {.code = "no_host_pid",
                .message = fmt::format("who holds {} socket{} cannot be seen: their processes are "
                                       "in another PID namespace",
                                       hidden, hidden == 1 ? "" : "s"),
                .remedy = std::string(kRemedyForProcfs)};
  } else if (denied > 0 && view_ == ProcfsView::hidden) {
    problem_ = {.code = "process_denied",
                .message = fmt::format("who holds {} socket{} cannot be seen: procfs hides other "
                                       "processes",
                                       denied, denied == 1 ? "" : "s"),
                .remedy = "mount the procfs of --path.procfs without hidepid"};
  } else if (denied > 0) {
    problem_ = why_denied(node_, denied, refused_);
  }
}

const Owner& Attribution::owner_of(const Socket& socket) const {
  const auto at = entries_.find(key_of(socket));
  return at == entries_.end() ? *unknown_owner() : *at->second.owner;
}

std::span<const SocketUse> Attribution::uses_of(const Socket& socket) const {
  const auto at = entries_.find(key_of(socket));
  if (at == entries_.end()) return {};
  return at->second.uses;
}

}  // namespace hostnet
