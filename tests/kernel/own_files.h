#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "netlink/node/files.h"

namespace hostnet::testing {

// procfs as seen from the test's thread: pid 1 is elsewhere.
class OwnFiles final : public Files {
 public:
  explicit OwnFiles(std::shared_ptr<Files> inner) : inner_(std::move(inner)) {}
  Result<> read(std::string_view path, std::string& out) const override {
    return inner_->read(own(path), out);
  }
  Result<std::vector<std::string>> list(std::string_view path) const override {
    return inner_->list(own(path));
  }
  Result<std::string> link(std::string_view path) const override { return inner_->link(own(path)); }
  Result<std::uint64_t> inode(std::string_view path) const override {
    return inner_->inode(own(path));
  }
  Result<FileOwner> owner(std::string_view path) const override { return inner_->owner(own(path)); }
  bool exists(std::string_view path) const override { return inner_->exists(own(path)); }
  Result<std::string> cgroup_path(std::uint64_t id) const override {
    return inner_->cgroup_path(id);
  }
  Result<> socket_descriptors(int pid, std::vector<SocketDescriptor>& out) const override {
    return inner_->socket_descriptors(pid, out);
  }
  Result<std::uint64_t> socket_inode(int pid, int fd) const override {
    return inner_->socket_inode(pid, fd);
  }

 private:
  static std::string own(std::string_view path) {
    constexpr std::string_view kFirst = "proc/1/net";
    if (!path.starts_with(kFirst)) return std::string(path);
    return "proc/thread-self/net" + std::string(path.substr(kFirst.size()));
  }
  std::shared_ptr<Files> inner_;
};

}  // namespace hostnet::testing
