#include "agent/ports/attribution.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kTcp = Protocol::tcp;
constexpr auto kUdp = Protocol::udp;
const std::string kId(64, 'a');
const std::string kUid = "2fc932ce-fdcc-454b-97bd-aadfdeb4c340";
const std::string kPod = "/kubepods/burstable/pod" + kUid + "/" + kId;

// One agent that looks at nodes which change between the looks.
class Looking {
 public:
  explicit Looking(const NodeBuilder& first) : files_(std::make_shared<Switch>()) {
    Node node = first.build();
    files_->now = node.files;
    node.files = files_;
    attribution_ = std::make_unique<Attribution>(node);
    options_.node_components = default_policy().node_components;
  }

  const Owner& look(NodeBuilder& node, seconds later = seconds{1}) {
    files_->now = node.build().files;
    now_ += later;
    const auto& sockets = node.netlink().sockets_here;
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
  SteadyTime now_{seconds{1000}};
};

std::vector<int> pids_of(const Owner& owner) {
  std::vector<int> pids;
  for (const Process& process : owner.processes) pids.push_back(process.pid);
  return pids;
}

NodeBuilder nginx_on_80() {
  NodeBuilder node;
  node.process({.pid = 812,
                .comm = "nginx",
                .exe = "/usr/sbin/nginx",
                .cgroup = "/system.slice/nginx.service"})
      .listens(812, kTcp, "0.0.0.0", 80);
  return node;
}

TEST(Attribution, AServiceOfTheHostIsAnUnmanagedProcess) {
  NodeBuilder node = nginx_on_80();
  Looking looking(node);
  Owner expected;
  expected.kind = HolderKind::unmanaged_process;
  expected.processes = {{812, "nginx"}};
  expected.exe = "/usr/sbin/nginx";
  expected.unit = "nginx.service";
  expected.cgroup = "/system.slice/nginx.service";
  EXPECT_EQ(looking.look(node), expected);
  EXPECT_FALSE(looking.attribution().problem());
}

TEST(Attribution, ASocketIsLookedForFirstInTheCgroupThatMadeIt) {
  NodeBuilder node = nginx_on_80();
  for (int pid = 5000; pid < 5100; ++pid) node.process({.pid = pid, .comm = "other", .exe = "/x"});
  Looking looking(node);
  looking.look(node);
  EXPECT_EQ(looking.work().full_scans, 0U);
  EXPECT_LE(looking.work().directories_read, 2U);  // the agent's own and nginx's
}

TEST(Attribution, LaterLooksReadNoDescriptorDirectory) {
  NodeBuilder node = nginx_on_80();
  Looking looking(node);
  looking.look(node);
  std::size_t checked = 0;
  for (int tick = 0; tick < 60; ++tick) {
    EXPECT_EQ(looking.look(node).unit, "nginx.service");
    EXPECT_EQ(looking.work().directories_read, 0U);
    checked += looking.work().descriptors_checked;
  }
  EXPECT_GE(checked, 2U);  // each pair within 30 seconds
  EXPECT_LE(checked, 6U);
}

TEST(Attribution, AProcessInAPodIsThePods) {
  NodeBuilder node;
  node.process({.pid = 900, .comm = "kubelet", .exe = "/app/kubelet", .cgroup = kPod})
      .listens(900, kTcp, "0.0.0.0", 8080);
  Looking looking(node);
  const Owner& owner = looking.look(node);
  EXPECT_EQ(owner.kind, HolderKind::pod);
  EXPECT_EQ(owner.pod_uid, kUid);
  EXPECT_EQ(owner.container_id, kId);
  looking.options().node_components.emplace_back("/app/kubelet");
  EXPECT_EQ(looking.look(node).kind, HolderKind::node_component);
}

TEST(Attribution, NodeComponentsAreKnownByExecutableOrUnitNeverByName) {
  NodeBuilder node;
  node.process({.pid = 700, .comm = "x", .exe = "/usr/bin/kubelet", .cgroup = "/a"})
      .process({.pid = 701, .comm = "kubelet", .exe = "/tmp/evil", .cgroup = "/a"})
      .process({.pid = 702, .comm = "y", .exe = "/opt/y", .cgroup = "/system.slice/k3s.service"})
      .listens(700, kTcp, "0.0.0.0", 1)
      .listens(701, kTcp, "0.0.0.0", 2)
      .listens(702, kTcp, "0.0.0.0", 3);
  Looking looking(node);
  EXPECT_EQ(looking.look(node).kind, HolderKind::node_component);
  const auto& sockets = node.netlink().sockets_here;
  EXPECT_EQ(looking.attribution().owner_of(sockets[1]).kind, HolderKind::unmanaged_process);
  EXPECT_EQ(looking.attribution().owner_of(sockets[2]).kind, HolderKind::node_component);
}

TEST(Attribution, AContainerOutsideKubernetesIsNamed) {
  NodeBuilder node;
  node.process({.pid = 70, .comm = "redis", .exe = "/redis", .cgroup = "/docker/" + kId})
      .listens(70, kTcp, "0.0.0.0", 6379);
  Looking looking(node);
  const Owner& owner = looking.look(node);
  EXPECT_EQ(owner.kind, HolderKind::unmanaged_container);
  EXPECT_EQ(owner.container_runtime, "docker");
}

TEST(Attribution, SocketActivationBelongsToTheServiceNotToSystemd) {
  NodeBuilder node;
  Socket socket = server_socket(kTcp, "0.0.0.0", 22);
  socket.inode = 77;
  node.holds(1, socket);  // made by systemd: its cgroup id
  node.process({.pid = 50, .comm = "sshd", .exe = "/sshd", .cgroup = "/system.slice/ssh.service"})
      .holds(50, socket);
  Looking looking(node);
  const Owner& owner = looking.look(node);
  EXPECT_EQ(owner.unit, "ssh.service");
  EXPECT_THAT(pids_of(owner), ElementsAre(50, 1));
}

TEST(Attribution, AServiceThatIsActivatedLaterIsFoundOut) {
  NodeBuilder node;
  Socket socket = server_socket(kTcp, "0.0.0.0", 22);
  socket.inode = 77;
  node.holds(1, socket);
  Looking looking(node);
  EXPECT_THAT(pids_of(looking.look(node)), ElementsAre(1));
  node.process({.pid = 50, .comm = "sshd", .exe = "/sshd", .cgroup = "/system.slice/ssh.service"})
      .holds(50, socket);
  int ticks = 0;
  while (looking.look(node).unit != "ssh.service" && ticks < 10) ++ticks;
  EXPECT_LT(ticks, 3);
}

TEST(Attribution, AForkedSocketHasAllItsProcessesTheOldestFirst) {
  NodeBuilder node;
  Socket socket = server_socket(kTcp, "0.0.0.0", 80);
  socket.inode = 77;
  for (const int pid : {812, 813, 814}) {
    node.process(
            {.pid = pid, .comm = "nginx", .exe = "/nginx", .cgroup = "/system.slice/n.service"})
        .holds(pid, socket);
  }
  Looking looking(node);
  EXPECT_THAT(pids_of(looking.look(node)), ElementsAre(812, 813, 814));
}

TEST(Attribution, WhenTheFirstProcessEndsTheSocketIsTheOthers) {
  NodeBuilder before;
  NodeBuilder after;
  Socket socket = server_socket(kTcp, "0.0.0.0", 80);
  socket.inode = 77;
  socket.cookie = 7;
  for (NodeBuilder* node : {&before, &after}) {
    for (const int pid : {812, 813}) {
      if (node == &after && pid == 812) continue;
      node->process({.pid = pid, .comm = "n", .exe = "/n", .cgroup = "/system.slice/n.service"})
          .holds(pid, socket);
    }
  }
  Looking looking(before);
  looking.look(before);
  EXPECT_THAT(pids_of(looking.look(after, seconds{30})), ElementsAre(813));
}

TEST(Attribution, AReusedPidIsNotTakenForTheOldProcess) {
  NodeBuilder before = nginx_on_80();
  Looking looking(before);
  looking.look(before);
  NodeBuilder after;
  Socket same = before.netlink().sockets_here.front();
  after.process({.pid = 812, .comm = "bash", .exe = "/bin/bash", .cgroup = "/user.slice"})
      .process({.pid = 999, .comm = "nginx", .exe = "/usr/sbin/nginx", .cgroup = "/user.slice"});
  after.holds(999, same);
  EXPECT_THAT(pids_of(looking.look(after, seconds{30})), ElementsAre(999));
}

TEST(Attribution, AProcessThatExecutesAnotherProgramOrIsMovedIsJudgedAgain) {
  NodeBuilder before = nginx_on_80();
  Looking looking(before);
  looking.look(before);
  looking.look(before, seconds{30});  // remembers where it is
  NodeBuilder after;
  after.process({.pid = 812, .comm = "new", .exe = "/new", .cgroup = "/system.slice/new.service"})
      .holds(812, before.netlink().sockets_here.front());
  const Owner& owner = looking.look(after, seconds{30});
  EXPECT_EQ(owner.exe, "/new");
  EXPECT_EQ(owner.unit, "new.service");
}

TEST(Attribution, OnCgroupV1TheProcessTellsItsPod) {
  NodeBuilder node;
  node.process({.pid = 900,
                .comm = "web",
                .exe = "/web",
                .cgroup_file = "4:memory:" + kPod + "\n1:name=systemd:" + kPod + "\n"})
      .listens(900, kTcp, "0.0.0.0", 8080);
  Looking looking(node);
  EXPECT_EQ(looking.look(node).pod_uid, kUid);
}

TEST(Attribution, ASocketWhoseCgroupIsGoneIsItsProcesss) {
  NodeBuilder node;
  node.process({.pid = 60, .comm = "a", .exe = "/a", .cgroup = "/system.slice/a.service"});
  Socket socket = server_socket(kTcp, "0.0.0.0", 81);
  socket.cgroup_id = 99999;
  node.holds(60, socket);
  Looking looking(node);
  EXPECT_EQ(looking.look(node).unit, "a.service");
}

TEST(Attribution, FromAPrivateCgroupNamespaceRelativePathsAreMadeAbsolute) {
  NodeBuilder node;
  const std::string own = "/kubepods/besteffort/pod11111111-2222-3333-4444-555555555555/" + kId;
  node.process(
          {.pid = 4000, .comm = "agent", .exe = "/agent", .cgroup = own, .cgroup_file = "0::/\n"})
      .process({.pid = 60,
                .comm = "a",
                .exe = "/a",
                .cgroup = "/system.slice/a.service",
                .cgroup_file = "0::/../../../../system.slice/a.service\n"});
  Socket inherited = server_socket(kTcp, "0.0.0.0", 81);
  inherited.cgroup_id = 99999;
  node.holds(60, inherited).listens(4000, kTcp, "::", 20000);
  Looking looking(node);
  EXPECT_EQ(looking.look(node).cgroup, "/system.slice/a.service");
  const Owner& self = looking.attribution().owner_of(node.netlink().sockets_here[1]);
  EXPECT_TRUE(self.self);
  EXPECT_EQ(self.kind, HolderKind::pod);
}

TEST(Attribution, ATunnelsSocketIsTheKernels) {
  NodeBuilder node;
  Link vxlan;
  vxlan.name = "flannel.1";
  vxlan.kind = "vxlan";
  vxlan.tunnel_port = 8472;
  Socket socket = server_socket(kUdp, "0.0.0.0", 8472);
  socket.inode = 500;
  socket.cookie = 5;
  socket.cgroup_id = node.cgroup(kPod);  // the CNI's pod made the device
  node.link(vxlan).socket(socket);
  Looking looking(node);
  EXPECT_EQ(looking.look(node).kind, HolderKind::kernel);
  EXPECT_THAT(looking.look(node).processes, IsEmpty());
  EXPECT_FALSE(looking.attribution().problem());
}

TEST(Attribution, KernelServicesAreRecognisedOnlyByACompleteLook) {
  Socket nfs = server_socket(kTcp, "0.0.0.0", 2049);
  nfs.inode = 500;
  nfs.cookie = 5;
  NodeBuilder open;
  open.socket(nfs);
  Looking looking(open);
  EXPECT_EQ(looking.look(open).kind, HolderKind::kernel);

  NodeBuilder closed;
  closed.socket(nfs).hides_descriptors(1);
  Looking blind(closed);
  EXPECT_EQ(blind.look(closed).kind, HolderKind::unknown);
  ASSERT_TRUE(blind.attribution().problem());
}

TEST(Attribution, ASocketOfAUserThatNobodyHasIsUnknown) {
  Socket socket = server_socket(kTcp, "0.0.0.0", 4000);
  socket.inode = 500;
  socket.cookie = 5;
  socket.uid = 1000;
  NodeBuilder node;
  node.socket(socket);
  Looking looking(node);
  EXPECT_EQ(looking.look(node).kind, HolderKind::unknown);
}

TEST(Attribution, WhatIsNotFoundIsLookedForEverMoreRarely) {
  Socket socket = server_socket(kTcp, "0.0.0.0", 4000);
  socket.inode = 500;
  socket.cookie = 5;
  socket.uid = 1000;
  NodeBuilder node;
  node.socket(socket);
  Looking looking(node);
  std::size_t scans = 0;
  for (int tick = 0; tick < 600; ++tick) {
    looking.look(node);
    scans += looking.work().full_scans;
  }
  EXPECT_GE(scans, 5U);
  EXPECT_LE(scans, 12U);
}

TEST(Attribution, AProcessThatMayNotBeReadIsAProblemWithItsCure) {
  struct Case {
    std::uint64_t capabilities;
    std::string code;
  };
  const auto bit = [](unsigned capability) { return std::uint64_t{1} << capability; };
  for (const Case& wanted :
       {Case{0, "no_cap_sys_ptrace"}, Case{bit(Identity::kSysPtrace), "no_cap_dac_read_search"},
        Case{bit(Identity::kSysPtrace) | bit(Identity::kDacReadSearch), "process_denied"}}) {
    NodeBuilder node;
    node.capabilities(wanted.capabilities)
        .process({.pid = 60, .comm = "a", .exe = "/a", .cgroup = kPod})
        .listens(60, kTcp, "0.0.0.0", 81)
        .hides_descriptors(60);
    Looking looking(node);
    const Owner& owner = looking.look(node);
    EXPECT_EQ(owner.kind, HolderKind::pod);  // its cgroup says so
    EXPECT_THAT(owner.processes, IsEmpty());
    ASSERT_TRUE(looking.attribution().problem());
    EXPECT_EQ(looking.attribution().problem()->code, wanted.code);
    for (int tick = 0; tick < 20; ++tick) looking.look(node);
    EXPECT_TRUE(looking.attribution().problem()) << "stays while it is so";
  }
}

TEST(Attribution, AProcessThatIsGoneNeverMakesALookIncomplete) {
  NodeBuilder node = nginx_on_80();
  node.process({.pid = 60, .comm = "gone", .exe = "/gone"});
  node.file_error("proc/60/fd", system_failure(ENOENT, "gone").error());
  Socket orphan = server_socket(kTcp, "0.0.0.0", 82);
  orphan.inode = 9;
  orphan.cookie = 99;
  node.socket(orphan);
  Looking looking(node);
  looking.look(node);
  EXPECT_EQ(looking.work().full_scans, 1U);
  EXPECT_FALSE(looking.attribution().problem());
}

TEST(Attribution, ACgroupOfHiddenProcessesAsksForTheHostsPidNamespace) {
  NodeBuilder node;
  Socket socket = server_socket(kTcp, "0.0.0.0", 82);
  socket.inode = 9;
  socket.cookie = 99;
  socket.cgroup_id = node.cgroup("/system.slice/x.service");
  node.socket(socket).file("sys/fs/cgroup/system.slice/x.service/cgroup.procs", "0\n0\n");
  Looking looking(node);
  EXPECT_EQ(looking.look(node).unit, "x.service");
  ASSERT_TRUE(looking.attribution().problem());
  EXPECT_EQ(looking.attribution().problem()->code, "no_host_pid");
}

TEST(Attribution, AnEphemeralUdpSocketWaitsBeforeItsProcessIsLookedFor) {
  NodeBuilder node = nginx_on_80();
  Looking looking(node);
  looking.look(node);
  node.process({.pid = 66, .comm = "dig", .exe = "/dig", .cgroup = "/user.slice"})
      .listens(66, kUdp, "0.0.0.0", 40000);
  looking.look(node);
  EXPECT_EQ(looking.work().directories_read, 0U);
  looking.look(node, seconds{4});
  EXPECT_THAT(pids_of(looking.attribution().owner_of(node.netlink().sockets_here[1])),
              ElementsAre(66));
}

TEST(Attribution, AnEphemeralUdpPortThatSomebodyAsksForDoesNotWait) {
  NodeBuilder node = nginx_on_80();
  Looking looking(node);
  looking.look(node);
  looking.options().urgent_ports = {40000};
  node.process({.pid = 66, .comm = "app", .exe = "/app"}).listens(66, kUdp, "0.0.0.0", 40000);
  looking.look(node);
  EXPECT_THAT(pids_of(looking.attribution().owner_of(node.netlink().sockets_here[1])),
              ElementsAre(66));
}

TEST(Attribution, TimeWaitKeepsTheOwnerThatItsCookieHad) {
  NodeBuilder node = nginx_on_80();
  Looking looking(node);
  looking.look(node);
  NodeBuilder after;
  Socket closed = node.netlink().sockets_here.front();
  closed.state = SocketState::time_wait;
  closed.inode = 0;
  after.socket(closed);
  EXPECT_EQ(looking.look(after).unit, "nginx.service");
}

}  // namespace
}  // namespace hostnet
