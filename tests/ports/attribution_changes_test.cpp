#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scanning.h"

namespace hostnet {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

TEST(Attribution, LaterLooksReadNoDescriptorDirectory) {
  NodeBuilder node = nginx_on_80();
  ScanInputs inputs(node);
  inputs.scan(node);
  std::size_t checked = 0;
  for (int tick = 0; tick < 60; ++tick) {
    EXPECT_EQ(inputs.scan(node).unit, "nginx.service");
    EXPECT_EQ(inputs.work().directories_read, 0U);
    checked += inputs.work().descriptors_checked;
  }
  EXPECT_GE(checked, 2U);  // each pair within 30 seconds
  EXPECT_LE(checked, 6U);
}

TEST(Attribution, AServiceThatIsActivatedLaterIsFoundOut) {
  NodeBuilder node;
  Socket socket = server_socket(kTcp, "0.0.0.0", 22);
  socket.inode = 77;
  node.holds(1, socket);
  ScanInputs inputs(node);
  EXPECT_THAT(pids_of(inputs.scan(node)), ElementsAre(1));
  node.process({.pid = 50, .comm = "sshd", .exe = "/sshd", .cgroup = "/system.slice/ssh.service"})
      .holds(50, socket);
  int ticks = 0;
  while (inputs.scan(node).unit != "ssh.service" && ticks < 10) ++ticks;
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
  ScanInputs inputs(node);
  EXPECT_THAT(pids_of(inputs.scan(node)), ElementsAre(812, 813, 814));
}

TEST(Attribution, WhenTheFirstProcessEndsTheSocketIsTheOthers) {
  NodeBuilder before;
  NodeBuilder after;
  Socket socket = orphan_on(80);
  for (NodeBuilder* node : {&before, &after}) {
    for (const int pid : {812, 813}) {
      if (node == &after && pid == 812) continue;
      node->process({.pid = pid, .comm = "n", .exe = "/n", .cgroup = "/system.slice/n.service"})
          .holds(pid, socket);
    }
  }
  ScanInputs inputs(before);
  inputs.scan(before);
  EXPECT_THAT(pids_of(inputs.scan(after, seconds{30})), ElementsAre(813));
}

TEST(Attribution, AReusedPidIsNotTakenForTheOldProcess) {
  NodeBuilder before = nginx_on_80();
  ScanInputs inputs(before);
  inputs.scan(before);
  NodeBuilder after;
  Socket same = before.netlink().sockets_here.front();
  after.process({.pid = 812, .comm = "bash", .exe = "/bin/bash", .cgroup = "/user.slice"})
      .process({.pid = 999, .comm = "nginx", .exe = "/usr/sbin/nginx", .cgroup = "/user.slice"});
  after.holds(999, same);
  EXPECT_THAT(pids_of(inputs.scan(after, seconds{30})), ElementsAre(999));
}

TEST(Attribution, AProcessThatExecutesAnotherProgramOrIsMovedIsJudgedAgain) {
  NodeBuilder before = nginx_on_80();
  ScanInputs inputs(before);
  inputs.scan(before);
  inputs.scan(before, seconds{30});  // remembers where it is
  NodeBuilder after;
  after.process({.pid = 812, .comm = "new", .exe = "/new", .cgroup = "/system.slice/new.service"})
      .holds(812, before.netlink().sockets_here.front());
  const Owner& owner = inputs.scan(after, seconds{30});
  EXPECT_EQ(owner.exe, "/new");
  EXPECT_EQ(owner.unit, "new.service");
}

TEST(Attribution, AnOldProcessIsCheckedOftenOnlyWhereItsPortIsUrgent) {
  for (const bool urgent : {false, true}) {
    NodeBuilder node = nginx_on_80();
    ScanInputs inputs(node);
    if (urgent) inputs.options().urgent_ports = {80};
    inputs.scan(node);
    for (int tick = 0; tick < 130; ++tick) inputs.scan(node);
    std::size_t checked = 0;
    for (int tick = 0; tick < 90; ++tick) {
      inputs.scan(node);
      checked += inputs.work().descriptors_checked;
    }
    EXPECT_GE(checked, urgent ? 3U : 1U);  // within 30 seconds, within 90
    EXPECT_LE(checked, urgent ? 9U : 2U);
  }
}

TEST(Attribution, AnOldProcessThatExecutesAnotherProgramIsJudgedAgainInSomeMinutes) {
  NodeBuilder before = nginx_on_80();
  ScanInputs inputs(before);
  inputs.scan(before);
  for (int tick = 0; tick < 150; ++tick) inputs.scan(before);
  NodeBuilder after;
  after.process({.pid = 812, .comm = "new", .exe = "/new", .cgroup = "/system.slice/new.service"})
      .holds(812, before.netlink().sockets_here.front());
  int ticks = 0;
  while (inputs.scan(after).exe != "/new" && ticks < 400) ++ticks;
  EXPECT_LE(ticks, 270);
}

TEST(Attribution, TimeWaitKeepsTheOwnerThatItsCookieHad) {
  NodeBuilder node = nginx_on_80();
  ScanInputs inputs(node);
  inputs.scan(node);
  NodeBuilder after;
  Socket closed = node.netlink().sockets_here.front();
  closed.state = SocketState::time_wait;
  closed.inode = 0;
  after.socket(closed);
  EXPECT_EQ(inputs.scan(after).unit, "nginx.service");
}

}  // namespace
}  // namespace hostnet
