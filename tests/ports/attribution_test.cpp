#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>

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
  EXPECT_EQ(inputs.scan(node).kind, HolderKind::pod);
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

TEST(Attribution, OnlyRootsOwnProgramIsAComponentByItsName) {
  const auto kind_of = [](FakeProcess process) {
    NodeBuilder node;
    process.pid = 700;
    node.process(process).listens(700, kTcp, "0.0.0.0", 1);
    ScanInputs inputs(node);
    return inputs.scan(node).kind;
  };
  const FakeProcess roots{.exe = "/usr/bin/kubelet", .cgroup = "/a"};
  EXPECT_EQ(kind_of(roots), HolderKind::node_component);
  FakeProcess of_others = roots;
  of_others.uid = 65534;
  EXPECT_EQ(kind_of(of_others), HolderKind::unmanaged_process);
  FakeProcess made_by_others = roots;
  made_by_others.exe_uid = 65534;
  EXPECT_EQ(kind_of(made_by_others), HolderKind::unmanaged_process);
  FakeProcess in_a_container = roots;
  in_a_container.cgroup = "/docker/" + kId;
  EXPECT_EQ(kind_of(in_a_container), HolderKind::unmanaged_container);
}

TEST(Attribution, OnlyTheSystemsManagerMakesComponentsByAUnit) {
  for (const auto& [cgroup, kind] :
       {std::pair("/system.slice/kubelet.service", HolderKind::node_component),
        std::pair("/system.slice/snap.microk8s.daemon-k8s-dqlite.service",
                  HolderKind::node_component),
        std::pair("/system.slice/crio-conmon-1.scope", HolderKind::node_component),
        std::pair("/system/apid", HolderKind::node_component),
        std::pair("/user.slice/user-1000.slice/user@1000.service/app.slice/kubelet.service",
                  HolderKind::unmanaged_process)}) {
    NodeBuilder node;
    node.process({.pid = 700, .comm = "x", .exe = "/opt/x", .cgroup = cgroup, .uid = 998})
        .listens(700, kTcp, "0.0.0.0", 1);
    ScanInputs inputs(node);
    EXPECT_EQ(inputs.scan(node).kind, kind) << cgroup;
  }
}

// A process with a port that it has for containers, and whose.
struct HelperCase {
  std::string exe, unit;
  std::uint32_t uid;
  std::uint16_t port;
  HolderKind kind;
  std::string runtime;
  std::optional<std::uint32_t> user;
};

TEST(Attribution, WhatHasAPortForAContainerIsToldAsThatContainers) {
  const std::string session = "/user.slice/user-1000.slice/session-3.scope";
  const std::string users = "/user.slice/user-1000.slice/user@1000.service/app.slice/";
  const auto container = HolderKind::unmanaged_container;
  const std::vector<HelperCase> cases{
      {"/usr/bin/docker-proxy", "/system.slice/docker.service", 0, 8080, container, "docker", {}},
      {"/usr/bin/dockerd", "/system.slice/docker.service", 0, 8080, container, "docker", {}},
      {"/usr/bin/dockerd",
       "/system.slice/docker.service",
       0,
       2376,
       HolderKind::node_component,
       "",
       {}},
      {"/usr/bin/conmon", "/system.slice/web.service/runtime", 0, 8080, container, "podman", {}},
      {"/usr/bin/conmon",
       "/system.slice/crio.service",
       0,
       8080,
       HolderKind::node_component,
       "",
       {}},
      {"/usr/libexec/podman/rootlessport", session, 1000, 8080, container, "podman", 1000},
      {"/usr/bin/podman", session, 1000, 8080, container, "podman", 1000},
      {"/usr/bin/podman",
       "/system.slice/podman.service",
       0,
       8080,
       HolderKind::unmanaged_process,
       "",
       {}},
      {"/usr/bin/pasta.avx2", users + "web.service", 1000, 8080, container, "podman", 1000},
      {"/usr/bin/pasta.avx2", users + "docker.service", 1000, 8080, container, "docker", 1000},
      {"/usr/bin/rootlesskit", users + "containerd.service", 1000, 8080, container, "nerdctl",
       1000},
      {"/usr/bin/rootlesskit", users + "k3s-rootless.service", 1000, 8080,
       HolderKind::unmanaged_process, "", 1000},
  };
  for (const HelperCase& expected : cases) {
    NodeBuilder node;
    node.process({.pid = 70,
                  .comm = "x",
                  .exe = expected.exe,
                  .cgroup = expected.unit,
                  .uid = expected.uid})
        .listens(70, kTcp, "0.0.0.0", expected.port);
    ScanInputs inputs(node);
    const Owner& owner = inputs.scan(node);
    EXPECT_EQ(owner.kind, expected.kind) << expected.exe << expected.unit;
    EXPECT_EQ(owner.container_runtime, expected.runtime) << expected.exe << expected.unit;
    EXPECT_EQ(owner.user, expected.user) << expected.exe << expected.unit;
  }
}

TEST(Attribution, ASocketUnitKeepsItsNameWhoeverServesIt) {
  NodeBuilder idle;
  Socket socket = server_socket(kTcp, "0.0.0.0", 9090);
  socket.inode = 77;
  socket.cgroup_id = idle.cgroup("/system.slice/console.socket");
  idle.holds(1, socket);
  ScanInputs inputs(idle);
  EXPECT_EQ(inputs.scan(idle).unit, "console.socket");
  EXPECT_EQ(inputs.scan(idle).kind, HolderKind::unmanaged_process);
  EXPECT_EQ(inputs.scan(idle).unit_service, "");

  NodeBuilder served;
  socket.cgroup_id = served.cgroup("/system.slice/console.socket");
  served.holds(1, socket);
  served
      .process({.pid = 60,
                .comm = "web",
                .exe = "/usr/bin/web",
                .cgroup = "/system.slice/console.service"})
      .holds(60, socket);
  ScanInputs later(served);
  const Owner& owner = later.scan(served);
  EXPECT_EQ(owner.unit, "console.socket");
  EXPECT_EQ(owner.unit_service, "console.service");
  EXPECT_THAT(pids_of(owner), ElementsAre(60, 1));
}

TEST(Attribution, WhatNoProcessShowsIsTheKernelsOnlyWhereEveryProcessIsShown) {
  NodeBuilder node;
  node.socket(orphan_on(2049));
  node.files().put_file("proc/2/stat", "2 (sh) S 1 2 2 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 9\n");
  node.files().put_file("proc/1/cgroup", "0::/\n");
  node.files().put_file("proc/4000/cgroup", "0::/\n");
  node.files().put_link("proc/self", "4000");
  ScanInputs inputs(node);
  EXPECT_EQ(inputs.scan(node).kind, HolderKind::unknown);
  ASSERT_TRUE(inputs.attribution().problem());
  EXPECT_EQ(inputs.attribution().problem()->code, "no_host_pid");
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
