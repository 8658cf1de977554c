#include "agent/binds/bind_resolver.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

constexpr std::uint64_t kInitialPidNamespace = 0xEFFFFFFC;
const std::string kUid = "0b1d0f00-0000-4000-8000-000000000001";
const std::string kSlice = "/kubepods.slice/kubepods-pod0b1d0f00_0000_4000_8000_000000000001.slice";
const std::string kScope = kSlice + "/cri-containerd-" + std::string(64, 'b') + ".scope";

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() {
    builder_.identity().init_pid_namespace = kInitialPidNamespace;
    builder_.process({.pid = 812,
                      .comm = "nginx",
                      .exe = "/usr/sbin/nginx",
                      .cgroup = "/system.slice/nginx.service"});
    builder_.listens(812, Protocol::tcp, "0.0.0.0", 8080);
    builder_.link({.name = "eth0"}).address(2, "10.0.0.7", 24);
    builder_.file("sys/fs/cgroup/cgroup.controllers", "");
  }

  BindEvent event(std::uint16_t port, std::string_view address = "0.0.0.0") {
    BindEvent event{.kind = BindEvent::Kind::refused,
                    .protocol = Protocol::tcp,
                    .address = parse_ip(address).value(),
                    .port = port,
                    .error = 0,
                    .binder = {},
                    .before = std::nullopt};
    event.binder.at = builder_.clock()->steady();
    event.binder.cgroup = builder_.cgroup(kScope);
    event.binder.ancestors = {builder_.cgroup("/kubepods.slice"), builder_.cgroup(kSlice)};
    event.binder.process = event.binder.thread = 900;
    event.binder.comm = "web";
    return event;
  }
  RefusedBind resolve(const BindEvent& event) {
    BindResolver resolver(builder_.build());
    return resolver.resolve(event, event.binder.at, 1,
                            {.node_components = components_, .pods = pods_});
  }

  NodeBuilder builder_;
  PodIndex pods_;
  std::vector<std::string> components_;
};

TEST_F(ResolverTest, WithoutANameFromTheKernelProcfsTellsThatOfAProcessThatLives) {
  builder_.process({.pid = 900, .comm = "from procfs", .exe = "/app", .cgroup = kScope});
  BindEvent nameless = event(8080);
  nameless.binder.comm.clear();
  EXPECT_EQ(resolve(nameless).binder.processes.front().comm, "from procfs");
  EXPECT_EQ(resolve(event(8080)).binder.processes.front().comm, "web");
  nameless.binder.process = nameless.binder.thread = 901;  // gone
  EXPECT_EQ(resolve(nameless).binder.processes.front().comm, "");
}

TEST_F(ResolverTest, AProcessThatBeganAfterTheBindIsAnother) {
  builder_.process({.pid = 900, .comm = "later", .exe = "/app", .cgroup = kScope});
  BindEvent nameless = event(8080);
  nameless.binder.comm.clear();
  nameless.binder.at = SteadyTime();
  EXPECT_EQ(resolve(nameless).binder.processes.front().comm, "");
}

TEST_F(ResolverTest, NamesTheContainerAndWhoHasThePort) {
  const auto refused = resolve(event(8080));
  EXPECT_EQ(refused.error, "EADDRINUSE");
  EXPECT_EQ(refused.binder.kind, HolderKind::pod);
  EXPECT_EQ(refused.binder.pod_uid, kUid);
  EXPECT_EQ(refused.binder.container_id, std::string(64, 'b'));
  ASSERT_EQ(refused.holders.size(), 1U);
  EXPECT_EQ(refused.holders[0].name, "nginx.service");
  EXPECT_FALSE(refused.gone_after);
}

TEST_F(ResolverTest, AContainerThatIsGoneIsFoundByItsPod) {
  auto gone = event(8080);
  gone.binder.cgroup = 999'999;
  EXPECT_EQ(resolve(gone).binder.pod_uid, kUid);
}

TEST_F(ResolverTest, AHolderThatIsGoneIsTheLastThatBoundThePort) {
  auto late = event(8181);
  late.before = Binder{};
  late.before->cgroup = builder_.cgroup("/system.slice/brief.service");
  late.before->process = late.before->thread = 77;
  late.before->comm = "brief";
  builder_.clock()->advance(std::chrono::milliseconds(20));
  const auto refused = resolve(late);
  ASSERT_EQ(refused.holders.size(), 1U);
  EXPECT_EQ(refused.holders[0].name, "brief.service");
  EXPECT_EQ(refused.gone_after, std::chrono::milliseconds(20));
}

TEST_F(ResolverTest, AnAddressThatTheNodeLacksIsToldAsThat) {
  const auto refused = resolve(event(8080, "192.0.2.1"));
  EXPECT_EQ(refused.error, "EADDRNOTAVAIL");
  EXPECT_TRUE(refused.holders.empty());
  EXPECT_EQ(resolve(event(8080, "10.0.0.7")).error, "EADDRINUSE");
  EXPECT_EQ(resolve(event(8080, "127.8.8.8")).error, "EADDRINUSE");
  EXPECT_EQ(resolve(event(8080, "::ffff:10.0.0.7")).error, "EADDRINUSE");
}

TEST_F(ResolverTest, APrivilegedPortWithoutTheRightIsEacces) {
  builder_.process({.pid = 900, .comm = "web", .exe = "/web", .cgroup = kScope});
  builder_.file("proc/900/status", "Name:\tweb\nCapEff:\t00000000a80421fb\n");
  EXPECT_EQ(resolve(event(80)).error, "EACCES");
  builder_.file("proc/900/status", "Name:\tweb\nCapEff:\t00000000a80425fb\n");
  EXPECT_EQ(resolve(event(80)).error, "EADDRINUSE");
  builder_.sysctl("net.ipv4.ip_unprivileged_port_start", "80");
  builder_.file("proc/900/status", "Name:\tweb\nCapEff:\t0000000000000000\n");
  EXPECT_EQ(resolve(event(80)).error, "EADDRINUSE");
}

TEST_F(ResolverTest, OfAProcessThatIsGoneTheUserTells) {
  auto gone = event(80);
  gone.binder.user = 1000;
  EXPECT_EQ(resolve(gone).error, "EACCES");
}

TEST_F(ResolverTest, AProgramThatRefusedIsToldByTheKernel) {
  auto refused = event(8080);
  refused.error = EPERM;
  EXPECT_EQ(resolve(refused).error, "EPERM");
}

TEST_F(ResolverTest, OnlySocketsThatMeetTheBindAreInTheWay) {
  builder_.listens(812, Protocol::tcp, "10.0.0.7", 9090);
  EXPECT_TRUE(resolve(event(9090, "127.0.0.1")).holders.empty());
  EXPECT_EQ(resolve(event(9090, "0.0.0.0")).holders.size(), 1U);
}

TEST_F(ResolverTest, NumbersOfAnotherPidNamespaceAreNotShown) {
  builder_.identity().init_pid_namespace = 4026532000;
  EXPECT_EQ(resolve(event(8080)).binder.processes[0].pid, 0);
  builder_.process({.pid = 14, .comm = "web", .exe = "/web", .cgroup = kScope});
  EXPECT_EQ(resolve(event(8080)).binder.processes[0].pid, 14);
}

}  // namespace
}  // namespace hostnet
