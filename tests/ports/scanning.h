#pragma once

// The scenes of the tests of Attribution.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/policy.h"
#include "agent/ports/owners/attribution.h"
#include "tests/support/node_builder.h"

namespace hostnet {

inline constexpr auto kTcp = Protocol::tcp;
inline constexpr auto kUdp = Protocol::udp;
inline const std::string kId(64, 'a');
inline const std::string kUid = "2fc932ce-fdcc-454b-97bd-aadfdeb4c340";
inline const std::string kPod = "/kubepods/burstable/pod" + kUid + "/" + kId;

// One agent that looks at nodes which change between the looks.
class ScanInputs {
 public:
  explicit ScanInputs(const NodeBuilder& first,
                      std::shared_ptr<ProcessSockets> process_sockets = nullptr)
      : files_(std::make_shared<Switch>()) {
    Node node = first.build();
    files_->now = node.files;
    node.files = files_;
    node.process_sockets = std::move(process_sockets);
    attribution_ = std::make_unique<Attribution>(node);
    options_.node_components = default_policy().node_components;
  }

  const Owner& scan(NodeBuilder& node, std::chrono::seconds later = std::chrono::seconds{1}) {
    files_->now = node.build().files;
    now_ += later;
    const auto& sockets = node.netlink().sockets_here;
    options_.same_sockets = sockets == last_;
    last_ = sockets;
    attribution_->update(sockets, node.netlink().links, options_, now_);
    return attribution_->owner_of(sockets.front());
  }

  const Attribution& attribution() const { return *attribution_; }
  const Attribution::Work& work() const { return attribution_->work(); }
  Attribution::Options& options() { return options_; }

 private:
  struct Switch final : Files {
    std::shared_ptr<Files> now;
    Result<> read(std::string_view path, std::string& out) const override {
      return now->read(path, out);
    }
    Result<std::vector<std::string>> list(std::string_view path) const override {
      return now->list(path);
    }
    Result<std::string> link(std::string_view path) const override { return now->link(path); }
    Result<std::uint64_t> inode(std::string_view path) const override { return now->inode(path); }
    Result<FileOwner> owner(std::string_view path) const override { return now->owner(path); }
    bool exists(std::string_view path) const override { return now->exists(path); }
    Result<std::string> cgroup_path(std::uint64_t id) const override {
      return now->cgroup_path(id);
    }
    Result<> socket_descriptors(int pid, std::vector<SocketDescriptor>& out) const override {
      return now->socket_descriptors(pid, out);
    }
    Result<std::uint64_t> socket_inode(int pid, int fd) const override {
      return now->socket_inode(pid, fd);
    }
  };
  std::shared_ptr<Switch> files_;
  std::unique_ptr<Attribution> attribution_;
  Attribution::Options options_;
  std::vector<Socket> last_;
  SteadyTime now_{std::chrono::seconds{1000}};
};

inline std::vector<int> pids_of(const Owner& owner) {
  std::vector<int> pids;
  for (const Process& process : owner.processes) pids.push_back(process.pid);
  return pids;
}

inline NodeBuilder nginx_on_80() {
  NodeBuilder node;
  node.process({.pid = 812,
                .comm = "nginx",
                .exe = "/usr/sbin/nginx",
                .cgroup = "/system.slice/nginx.service"})
      .listens(812, kTcp, "0.0.0.0", 80);
  return node;
}

// A listener that no process has.
inline Socket orphan_on(std::uint16_t port, std::uint32_t uid = 0) {
  Socket socket = server_socket(kTcp, "0.0.0.0", port);
  socket.inode = 500;
  socket.cookie = 5;
  socket.uid = uid;
  return socket;
}

}  // namespace hostnet
