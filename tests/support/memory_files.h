#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/node/files.h"

namespace hostnet {

// Files in memory: directories are what the paths say. Fill it, then only read.
class MemoryFiles final : public Files {
 public:
  void put_file(std::string path, std::string contents);
  void put_directory(const std::string& path);
  void put_link(std::string path, std::string target);
  void put_inode(std::string path, std::uint64_t inode);
  void put_owner(std::string path, FileOwner owner);
  void put_cgroup(std::uint64_t id, std::string path);
  void put_descriptors(int pid, std::vector<SocketDescriptor> sockets);
  // Every question about exactly this path, or about this process' descriptors.
  void put_error(std::string path, Error error);

  using Files::read;
  Result<> read(std::string_view path, std::string& out) const override;
  Result<std::vector<std::string>> list(std::string_view path) const override;
  Result<std::string> link(std::string_view path) const override;
  Result<std::uint64_t> inode(std::string_view path) const override;
  Result<FileOwner> owner(std::string_view path) const override;
  bool exists(std::string_view path) const override;
  Result<std::string> cgroup_path(std::uint64_t id) const override;
  Result<> socket_descriptors(int pid, std::vector<SocketDescriptor>& out) const override;
  Result<std::uint64_t> socket_inode(int pid, int fd) const override;

  // What there is to ask for, so that a recorder can be led over all of it.
  struct Contents {
    std::vector<std::string> files, directories, links, inodes, owners;
    std::vector<std::uint64_t> cgroups;
    std::vector<int> processes;
  };
  Contents contents() const;

 private:
  void forget_if_empty(const std::string& path);
  const Error* error_at(std::string_view path) const;

  std::map<std::string, std::string, std::less<>> files_, links_;
  std::map<std::string, std::set<std::string>, std::less<>> directories_;
  std::map<std::string, std::uint64_t, std::less<>> inodes_;
  std::map<std::string, FileOwner, std::less<>> owners_;
  std::map<std::uint64_t, std::string> cgroups_;
  std::map<int, std::vector<SocketDescriptor>> descriptors_;
  std::map<std::string, Error, std::less<>> errors_;
};

}  // namespace hostnet
