#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scanning.h"

namespace hostnet {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Attribution, ASocketIsLookedForFirstInTheCgroupThatMadeIt) {
  NodeBuilder node = nginx_on_80();
  for (int pid = 5000; pid < 5100; ++pid) node.process({.pid = pid, .comm = "other", .exe = "/x"});
  ScanInputs inputs(node);
  inputs.scan(node);
  EXPECT_EQ(inputs.work().full_scans, 0U);
  EXPECT_LE(inputs.work().directories_read, 2U);  // the agent's own and nginx's
}

TEST(Attribution, WhatIsNotFoundIsLookedForEverMoreRarely) {
  Socket socket = orphan_on(4000, 1000);
  NodeBuilder node;
  node.socket(socket);
  ScanInputs inputs(node);
  std::size_t scans = 0;
  for (int tick = 0; tick < 600; ++tick) {
    inputs.scan(node);
    scans += inputs.work().full_scans;
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
    ScanInputs inputs(node);
    const Owner& owner = inputs.scan(node);
    EXPECT_EQ(owner.kind, HolderKind::pod);  // its cgroup says so
    EXPECT_THAT(owner.processes, IsEmpty());
    ASSERT_TRUE(inputs.attribution().problem());
    EXPECT_EQ(inputs.attribution().problem()->code, wanted.code);
    for (int tick = 0; tick < 20; ++tick) inputs.scan(node);
    EXPECT_TRUE(inputs.attribution().problem()) << "stays while it is so";
  }
}

TEST(Attribution, AProcessThatIsGoneNeverMakesALookIncomplete) {
  NodeBuilder node = nginx_on_80();
  node.process({.pid = 60, .comm = "gone", .exe = "/gone"});
  node.file_error("proc/60/fd", system_failure(ENOENT, "gone").error());
  Socket orphan = orphan_on(82);
  node.socket(orphan);
  ScanInputs inputs(node);
  inputs.scan(node);
  EXPECT_EQ(inputs.work().full_scans, 1U);
  EXPECT_FALSE(inputs.attribution().problem());
}

TEST(Attribution, ACgroupOfHiddenProcessesAsksForTheHostsPidNamespace) {
  NodeBuilder node;
  Socket socket = orphan_on(82);
  socket.cgroup_id = node.cgroup("/system.slice/x.service");
  node.socket(socket).file("sys/fs/cgroup/system.slice/x.service/cgroup.procs", "0\n0\n");
  ScanInputs inputs(node);
  EXPECT_EQ(inputs.scan(node).unit, "x.service");
  ASSERT_TRUE(inputs.attribution().problem());
  EXPECT_EQ(inputs.attribution().problem()->code, "no_host_pid");
}

TEST(Attribution, AnEphemeralUdpSocketWaitsBeforeItsProcessIsLookedFor) {
  NodeBuilder node = nginx_on_80();
  ScanInputs inputs(node);
  inputs.scan(node);
  node.process({.pid = 66, .comm = "dig", .exe = "/dig", .cgroup = "/user.slice"})
      .listens(66, kUdp, "0.0.0.0", 40000);
  inputs.scan(node);
  EXPECT_EQ(inputs.work().directories_read, 0U);
  inputs.scan(node, seconds{4});
  EXPECT_THAT(pids_of(inputs.attribution().owner_of(node.netlink().sockets_here[1])),
              ElementsAre(66));
}

TEST(Attribution, AnEphemeralUdpPortThatSomebodyAsksForDoesNotWait) {
  NodeBuilder node = nginx_on_80();
  ScanInputs inputs(node);
  inputs.scan(node);
  inputs.options().urgent_ports = {40000};
  node.process({.pid = 66, .comm = "app", .exe = "/app"}).listens(66, kUdp, "0.0.0.0", 40000);
  inputs.scan(node);
  EXPECT_THAT(pids_of(inputs.attribution().owner_of(node.netlink().sockets_here[1])),
              ElementsAre(66));
}

}  // namespace
}  // namespace hostnet
