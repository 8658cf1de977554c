#include "agent/ports/owners/process_scan.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// With fewer processes, a second thread costs more than it saves.
constexpr std::size_t kWorthAThread = 64;
constexpr std::size_t kChunk = 16;

}  // namespace

ProcessScan::ProcessScan(const Files& files, std::vector<std::uint64_t> inodes)
    : files_(files), inodes_(std::move(inodes)) {
  sort_unique(inodes_);
  uses_.resize(inodes_.size());
}

void ProcessScan::note(std::uint64_t inode, SocketUse use, Worker& worker) const {
  const auto at = std::ranges::lower_bound(inodes_, inode);
  if (at == inodes_.end() || *at != inode) return;
  worker.found.push_back({static_cast<std::size_t>(at - inodes_.begin()), use});
}

void ProcessScan::read_process(int pid, Worker& worker) const {
  if (const auto done = files_.socket_descriptors(pid, worker.descriptors); !done) {
    const bool counts = done.error().reason != Reason::vanished && worker.refused.empty();
    if (counts) worker.refused = done.error().message;
    return;
  }
  for (const auto& [fd, inode] : worker.descriptors) note(inode, {.pid = pid, .fd = fd}, worker);
}

void ProcessScan::take(Worker& worker) {
  if (refused_.empty()) refused_ = std::move(worker.refused);
  for (const Found& found : worker.found) {
    // By ascending fd: the first one of a process is its lowest.
    auto& uses = uses_[found.target];
    const auto at = std::ranges::lower_bound(uses, found.use.pid, {}, &SocketUse::pid);
    if (at == uses.end() || at->pid != found.use.pid) uses.insert(at, found.use);
  }
}

bool ProcessScan::inspect_all(ProcessSockets& sockets) {
  Worker all;
  const auto read = sockets.read([&](const ProcessSocket& socket) {
    note(socket.inode, {.pid = socket.pid, .fd = socket.fd}, all);
  });
  if (!read) return false;
  take(all);
  has_all_ = true;
  return true;
}

void ProcessScan::inspect(std::span<const int> pids) {
  if (has_all_) return;
  std::vector<int> todo;
  todo.reserve(pids.size());
  for (const int pid : pids) {
    if (pid > 0 && seen_.insert(pid).second) todo.push_back(pid);
  }
  directories_read_ += todo.size();

  std::atomic<std::size_t> next{0};
  const auto work = [&](Worker& worker) {
    for (;;) {
      const std::size_t begin = next.fetch_add(kChunk, std::memory_order_relaxed);
      if (begin >= todo.size()) return;
      const std::size_t end = std::min(begin + kChunk, todo.size());
      for (std::size_t i = begin; i < end; ++i) read_process(todo[i], worker);
    }
  };
  Worker ours;
  Worker theirs;
  std::optional<std::jthread> second;
  if (todo.size() >= kWorthAThread) {
    try {
      second.emplace([&] { work(theirs); });
    } catch (const std::system_error&) {
      // No thread available (a pids limit): this one does everything.
      second.reset();
    }
  }
  work(ours);
  if (second) second->join();
  take(ours);
  take(theirs);
}

std::span<const SocketUse> ProcessScan::uses_of(std::uint64_t inode) const {
  const auto at = std::ranges::lower_bound(inodes_, inode);
  if (at == inodes_.end() || *at != inode) return {};
  return uses_[static_cast<std::size_t>(at - inodes_.begin())];
}

}  // namespace hostnet
