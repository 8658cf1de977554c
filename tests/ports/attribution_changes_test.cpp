#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "looking.h"

namespace hostnet {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

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
  Socket socket = orphan_on(80);
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
