#include "tests/support/memory_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "netlink/node/rooted.h"

namespace hostnet {
namespace {

std::string descriptors_path(int pid) {
  return fmt::format("proc/{}/fd", pid);
}

template <class Map>
auto keys_of(const Map& map) {
  std::vector<typename Map::key_type> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

}  // namespace

void MemoryFiles::put_directory(const std::string& path) {
  directories_[path];
  if (const auto slash = path.rfind('/'); slash != std::string::npos) {
    const auto parent = path.substr(0, slash);
    put_directory(parent);
    directories_[parent].insert(path.substr(slash + 1));
  }
}

// A path with names below it stays a directory too: a link to a directory
// ("sys/class/net/eth0") is asked for both as a link and for what it leads to.
void MemoryFiles::forget_if_empty(const std::string& path) {
  const auto at = directories_.find(path);
  if (at != directories_.end() && at->second.empty()) directories_.erase(at);
}

void MemoryFiles::put_file(std::string path, std::string contents) {
  put_directory(path);
  forget_if_empty(path);
  files_[std::move(path)] = std::move(contents);
}

void MemoryFiles::put_link(std::string path, std::string target) {
  put_directory(path);
  forget_if_empty(path);
  links_[std::move(path)] = std::move(target);
}

void MemoryFiles::put_inode(std::string path, std::uint64_t inode) {
  inodes_[std::move(path)] = inode;
}

void MemoryFiles::put_owner(std::string path, FileOwner owner) {
  owners_[std::move(path)] = owner;
}

void MemoryFiles::put_cgroup(std::uint64_t id, std::string path) {
  cgroups_[id] = std::move(path);
}

void MemoryFiles::put_descriptors(int pid, std::vector<SocketDescriptor> sockets) {
  std::ranges::sort(sockets);
  descriptors_[pid] = std::move(sockets);
}

void MemoryFiles::put_error(std::string path, Error error) {
  errors_[std::move(path)] = std::move(error);
}

const Error* MemoryFiles::error_at(std::string_view path) const {
  const auto at = errors_.find(path);
  return at == errors_.end() ? nullptr : &at->second;
}

Result<> MemoryFiles::read(std::string_view path, std::string& out) const {
  out.clear();
  if (auto valid = SeamPath::of(path, "reading"); !valid) return std::unexpected(valid.error());
  if (const auto* error = error_at(path)) return std::unexpected(*error);
  const auto at = files_.find(path);
  if (at == files_.end()) return system_failure(ENOENT, fmt::format("reading {}", path));
  out = at->second;
  return {};
}

Result<std::vector<std::string>> MemoryFiles::list(std::string_view path) const {
  if (auto valid = SeamPath::of(path, "listing"); !valid) return std::unexpected(valid.error());
  if (const auto* error = error_at(path)) return std::unexpected(*error);
  const auto at = directories_.find(path);
  if (at == directories_.end()) return system_failure(ENOENT, fmt::format("listing {}", path));
  return std::vector<std::string>(at->second.begin(), at->second.end());
}

Result<std::string> MemoryFiles::link(std::string_view path) const {
  if (auto valid = SeamPath::of(path, "reading the link"); !valid)
    return std::unexpected(valid.error());
  if (const auto* error = error_at(path)) return std::unexpected(*error);
  const auto at = links_.find(path);
  if (at != links_.end()) return at->second;
  return system_failure(ENOENT, fmt::format("reading the link {}", path));
}

Result<std::uint64_t> MemoryFiles::inode(std::string_view path) const {
  if (auto valid = SeamPath::of(path, "inspecting"); !valid) return std::unexpected(valid.error());
  if (const auto* error = error_at(path)) return std::unexpected(*error);
  const auto at = inodes_.find(path);
  if (at != inodes_.end()) return at->second;
  return system_failure(ENOENT, fmt::format("inspecting {}", path));
}

Result<FileOwner> MemoryFiles::owner(std::string_view path) const {
  if (const auto* error = error_at(path)) return std::unexpected(*error);
  const auto at = owners_.find(path);
  if (at != owners_.end()) return at->second;
  return system_failure(ENOENT, fmt::format("asking for the owner of {}", path));
}

bool MemoryFiles::exists(std::string_view path) const {
  return files_.contains(path) || directories_.contains(path) || links_.contains(path) ||
         inodes_.contains(path);
}

Result<std::string> MemoryFiles::cgroup_path(std::uint64_t id) const {
  const auto at = cgroups_.find(id);
  if (at != cgroups_.end()) return at->second;
  return failure(Reason::vanished, fmt::format("finding cgroup {}: it is gone", id));
}

Result<> MemoryFiles::socket_descriptors(int pid, std::vector<SocketDescriptor>& out) const {
  out.clear();
  if (const auto* error = error_at(descriptors_path(pid))) return std::unexpected(*error);
  const auto at = descriptors_.find(pid);
  if (at == descriptors_.end()) {
    return system_failure(ENOENT, "reading the descriptors in " + descriptors_path(pid));
  }
  out = at->second;
  return {};
}

Result<std::uint64_t> MemoryFiles::socket_inode(int pid, int fd) const {
  std::vector<SocketDescriptor> sockets;
  if (auto done = socket_descriptors(pid, sockets); !done) {
    return std::unexpected(std::move(done).error());
  }
  const auto at = std::ranges::find(sockets, fd, &SocketDescriptor::fd);
  if (at != sockets.end()) return at->inode;
  return system_failure(ENOENT, fmt::format("reading the link proc/{}/fd/{}", pid, fd));
}

MemoryFiles::Contents MemoryFiles::contents() const {
  Contents out{.files = keys_of(files_),
               .directories = keys_of(directories_),
               .links = keys_of(links_),
               .inodes = keys_of(inodes_),
               .owners = keys_of(owners_),
               .cgroups = keys_of(cgroups_),
               .processes = keys_of(descriptors_)};
  for (const auto& [path, error] : errors_) {
    out.files.push_back(path);
    out.directories.push_back(path);
    out.links.push_back(path);
    out.inodes.push_back(path);
  }
  return out;
}

}  // namespace hostnet
