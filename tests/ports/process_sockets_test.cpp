#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scanning.h"
#include "tests/support/fake_process_sockets.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;

// Whom proc/<pid>/fd does not tell, so that only the other way can.
NodeBuilder hidden_on_81() {
  NodeBuilder node;
  node.process({.pid = 60, .comm = "a", .exe = "/a", .cgroup = kPod})
      .process({.pid = 61, .comm = "a", .exe = "/a", .cgroup = kPod})
      .listens(60, kTcp, "0.0.0.0", 81)
      .hides_descriptors(60)
      .hides_descriptors(61);
  return node;
}

std::uint64_t inode_of(NodeBuilder& node) {
  return node.netlink().sockets_here.front().inode;
}

TEST(ProcessSockets, TellTheFirstScanWhoHasASocket) {
  NodeBuilder node = hidden_on_81();
  const auto sockets = std::make_shared<FakeProcessSockets>(std::vector<ProcessSocket>{
      {.pid = 60, .fd = 3, .inode = inode_of(node)},
      {.pid = 60, .fd = 7, .inode = inode_of(node)},
      {.pid = 60, .fd = 8, .inode = 1},
      {.pid = 61, .fd = 9, .inode = inode_of(node)},
  });
  ScanInputs inputs(node, sockets);
  EXPECT_THAT(pids_of(inputs.scan(node)), ElementsAre(60, 61));
  EXPECT_EQ(inputs.work().directories_read, 0U);
  EXPECT_FALSE(inputs.attribution().problem());
  const Socket& socket = node.netlink().sockets_here.front();
  EXPECT_THAT(inputs.attribution().uses_of(socket),
              ElementsAre(SocketUse{.pid = 60, .fd = 3}, SocketUse{.pid = 61, .fd = 9}));
}

TEST(ProcessSockets, AreReadOnce) {
  NodeBuilder node = nginx_on_80();
  const auto sockets = std::make_shared<FakeProcessSockets>(std::vector<ProcessSocket>{
      {.pid = pids_of(ScanInputs(node).scan(node)).front(), .fd = 3, .inode = inode_of(node)}});
  ScanInputs inputs(node, sockets);
  inputs.scan(node);
  node.process({.pid = 900, .comm = "late", .exe = "/late"}).listens(900, kTcp, "0.0.0.0", 82);
  inputs.scan(node);
  EXPECT_EQ(sockets->reads, 1);
  EXPECT_THAT(pids_of(inputs.attribution().owner_of(node.netlink().sockets_here.back())),
              ElementsAre(900));
}

TEST(ProcessSockets, ThatFailLeaveTheScanToProcfs) {
  NodeBuilder node = nginx_on_80();
  const auto expected = pids_of(ScanInputs(node).scan(node));
  const auto sockets = std::make_shared<FakeProcessSockets>(failure(Reason::internal, "broken"));
  ScanInputs inputs(node, sockets);
  EXPECT_EQ(pids_of(inputs.scan(node)), expected);
  EXPECT_EQ(sockets->reads, 1);
  EXPECT_GT(inputs.work().directories_read, 0U);
}

TEST(ProcessSockets, ThatWereNotFoundAreSearchedForAgain) {
  NodeBuilder node = nginx_on_80();
  const auto sockets =
      std::make_shared<FakeProcessSockets>(std::vector<ProcessSocket>{});  // born a moment later
  ScanInputs inputs(node, sockets);
  inputs.scan(node);
  inputs.scan(node, std::chrono::seconds{2});
  EXPECT_EQ(pids_of(inputs.attribution().owner_of(node.netlink().sockets_here.front())),
            pids_of(ScanInputs(node).scan(node)));
}

}  // namespace
}  // namespace hostnet
