#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scanning.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Attribution, AServiceOfTheHostIsAnUnmanagedProcess) {
  NodeBuilder node = nginx_on_80();
  ScanInputs inputs(node);
  Owner expected;
  expected.kind = HolderKind::unmanaged_process;
  expected.processes = {{812, "nginx"}};
  expected.exe = "/usr/sbin/nginx";
  expected.unit = "nginx.service";
  expected.cgroup = "/system.slice/nginx.service";
  EXPECT_EQ(inputs.scan(node), expected);
  EXPECT_FALSE(inputs.attribution().problem());
}

TEST(Attribution, AProcessInAPodIsThePods) {
  NodeBuilder node;
  node.process({.pid = 900, .comm = "kubelet", .exe = "/app/kubelet", .cgroup = kPod})
      .listens(900, kTcp, "0.0.0.0", 8080);
  ScanInputs inputs(node);
  const Owner& owner = inputs.scan(node);
  EXPECT_EQ(owner.kind, HolderKind::pod);
  EXPECT_EQ(owner.pod_uid, kUid);
  EXPECT_EQ(owner.container_id, kId);
  inputs.options().node_components.emplace_back("/app/kubelet");
  EXPECT_EQ(inputs.scan(node).kind, HolderKind::node_component);
}

TEST(Attribution, NodeComponentsAreKnownByExecutableOrUnitNeverByName) {
  NodeBuilder node;
  node.process({.pid = 700, .comm = "x", .exe = "/usr/bin/kubelet", .cgroup = "/a"})
      .process({.pid = 701, .comm = "kubelet", .exe = "/tmp/evil", .cgroup = "/a"})
      .process({.pid = 702, .comm = "y", .exe = "/opt/y", .cgroup = "/system.slice/k3s.service"})
      .listens(700, kTcp, "0.0.0.0", 1)
      .listens(701, kTcp, "0.0.0.0", 2)
      .listens(702, kTcp, "0.0.0.0", 3);
  ScanInputs inputs(node);
  EXPECT_EQ(inputs.scan(node).kind, HolderKind::node_component);
  const auto& sockets = node.netlink().sockets_here;
  EXPECT_EQ(inputs.attribution().owner_of(sockets[1]).kind, HolderKind::unmanaged_process);
  EXPECT_EQ(inputs.attribution().owner_of(sockets[2]).kind, HolderKind::node_component);
}

TEST(Attribution, AContainerOutsideKubernetesIsNamed) {
  NodeBuilder node;
  node.process({.pid = 70, .comm = "redis", .exe = "/redis", .cgroup = "/docker/" + kId})
      .listens(70, kTcp, "0.0.0.0", 6379);
  ScanInputs inputs(node);
  const Owner& owner = inputs.scan(node);
  EXPECT_EQ(owner.kind, HolderKind::unmanaged_container);
  EXPECT_EQ(owner.container_runtime, "docker");
}

TEST(Attribution, DockerProxyAnswersForAContainer) {
  NodeBuilder node;
  node.process({.pid = 900,
                .comm = "docker-proxy",
                .exe = "/usr/bin/docker-proxy",
                .cgroup = "/system.slice/docker.service"})
      .listens(900, kTcp, "0.0.0.0", 8080);
  ScanInputs inputs(node);
  const Owner& owner = inputs.scan(node);
  EXPECT_EQ(owner.kind, HolderKind::unmanaged_container);
  EXPECT_EQ(owner.container_runtime, "docker");
  EXPECT_EQ(owner.unit, "docker.service");
}

TEST(Attribution, SocketActivationBelongsToTheServiceNotToSystemd) {
  NodeBuilder node;
  Socket socket = server_socket(kTcp, "0.0.0.0", 22);
  socket.inode = 77;
  node.holds(1, socket);  // made by systemd: its cgroup id
  node.process({.pid = 50, .comm = "sshd", .exe = "/sshd", .cgroup = "/system.slice/ssh.service"})
      .holds(50, socket);
  ScanInputs inputs(node);
  const Owner& owner = inputs.scan(node);
  EXPECT_EQ(owner.unit, "ssh.service");
  EXPECT_THAT(pids_of(owner), ElementsAre(50, 1));
}

TEST(Attribution, OnCgroupV1TheProcessTellsItsPod) {
  NodeBuilder node;
  node.process({.pid = 900,
                .comm = "web",
                .exe = "/web",
                .cgroup_file = "4:memory:" + kPod + "\n1:name=systemd:" + kPod + "\n"})
      .listens(900, kTcp, "0.0.0.0", 8080);
  ScanInputs inputs(node);
  EXPECT_EQ(inputs.scan(node).pod_uid, kUid);
}

TEST(Attribution, ASocketWhoseCgroupIsGoneIsItsProcesss) {
  NodeBuilder node;
  node.process({.pid = 60, .comm = "a", .exe = "/a", .cgroup = "/system.slice/a.service"});
  Socket socket = server_socket(kTcp, "0.0.0.0", 81);
  socket.cgroup_id = 99999;
  node.holds(60, socket);
  ScanInputs inputs(node);
  EXPECT_EQ(inputs.scan(node).unit, "a.service");
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
  ScanInputs inputs(node);
  EXPECT_EQ(inputs.scan(node).cgroup, "/system.slice/a.service");
  const Owner& self = inputs.attribution().owner_of(node.netlink().sockets_here[1]);
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
  ScanInputs inputs(node);
  EXPECT_EQ(inputs.scan(node).kind, HolderKind::kernel);
  EXPECT_THAT(inputs.scan(node).processes, IsEmpty());
  EXPECT_FALSE(inputs.attribution().problem());
}

TEST(Attribution, AWireGuardSocketIsTheKernelsOnlyWhereNobodyHasIt) {
  Link wireguard;
  wireguard.name = "wg0";
  wireguard.kind = "wireguard";
  wireguard.tunnel_port = 51999;
  NodeBuilder open;
  Socket socket = server_socket(kUdp, "0.0.0.0", 51999);
  socket.inode = 500;
  socket.cookie = 5;
  socket.cgroup_id = open.cgroup(kPod);  // the CNI's pod made the device
  const auto kind_on = [&](NodeBuilder& node) {
    node.link(wireguard);
    ScanInputs inputs(node);
    return inputs.scan(node).kind;
  };
  open.socket(socket);
  EXPECT_EQ(kind_on(open), HolderKind::kernel);

  NodeBuilder closed;
  socket.cgroup_id = closed.cgroup(kPod);
  closed.socket(socket).hides_descriptors(1);
  EXPECT_EQ(kind_on(closed), HolderKind::pod);

  NodeBuilder owned;  // the device came from another namespace, the port is somebody's
  owned.process({.pid = 60, .comm = "dns", .exe = "/dns", .cgroup = "/system.slice/dns.service"})
      .holds(60, server_socket(kUdp, "0.0.0.0", 51999));
  EXPECT_EQ(kind_on(owned), HolderKind::unmanaged_process);
}

TEST(Attribution, KernelServicesAreRecognisedOnlyByACompleteLook) {
  Socket nfs = orphan_on(2049);
  NodeBuilder open;
  open.socket(nfs);
  ScanInputs inputs(open);
  EXPECT_EQ(inputs.scan(open).kind, HolderKind::kernel);

  NodeBuilder closed;
  closed.socket(nfs).hides_descriptors(1);
  ScanInputs blind(closed);
  EXPECT_EQ(blind.scan(closed).kind, HolderKind::unknown);
  ASSERT_TRUE(blind.attribution().problem());
}

TEST(Attribution, ASocketOfAUserThatNobodyHasIsUnknown) {
  Socket socket = orphan_on(4000, 1000);
  NodeBuilder node;
  node.socket(socket);
  ScanInputs inputs(node);
  EXPECT_EQ(inputs.scan(node).kind, HolderKind::unknown);
}

}  // namespace
}  // namespace hostnet
