#include "agent/pods/scheduler_ports.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

DeclaredPort port(std::uint16_t number, const std::string& host_ip = "0.0.0.0",
                  Protocol protocol = Protocol::tcp) {
  DeclaredPort declared;
  declared.port = number;
  declared.host_ip = host_ip;
  declared.protocol = protocol;
  return declared;
}

// HostPortInfo.CheckConflict: texts, not addresses.
TEST(SchedulerSeparates, OnlyTwoDifferentTextsThatAreNotTheIpv4Wildcard) {
  EXPECT_FALSE(scheduler_separates("", ""));
  EXPECT_FALSE(scheduler_separates("0.0.0.0", "10.0.0.1"));
  EXPECT_FALSE(scheduler_separates("10.0.0.1", ""));
  EXPECT_FALSE(scheduler_separates("10.0.0.1", "10.0.0.1"));
  EXPECT_TRUE(scheduler_separates("127.0.0.1", "10.0.0.1"));
}
TEST(SchedulerSeparates, ColonColonIsJustAnotherText) {
  EXPECT_TRUE(scheduler_separates("::", "10.0.0.1"));
  EXPECT_TRUE(scheduler_separates("::", "fd00::1"));
  EXPECT_TRUE(scheduler_separates("fd00::1", "fd00:0::1"));
  EXPECT_FALSE(scheduler_separates("::", "0.0.0.0"));
}

// HostPortInfo.CheckConflict of the scheduler.
TEST(SchedulerKeepsApart, EqualPortsOfOneProtocolOnAddressesThatMeet) {
  EXPECT_TRUE(scheduler_keeps_apart(port(80), port(80)));
  EXPECT_TRUE(scheduler_keeps_apart(port(80), port(80, "10.0.0.1")));
  EXPECT_TRUE(scheduler_keeps_apart(port(80, "10.0.0.1"), port(80, "10.0.0.1")));
  EXPECT_FALSE(scheduler_keeps_apart(port(80, "10.0.0.1"), port(80, "10.0.0.2")));
  EXPECT_FALSE(scheduler_keeps_apart(port(80), port(80, "0.0.0.0", Protocol::udp)));
  EXPECT_FALSE(scheduler_keeps_apart(port(80), port(81)));
}

TEST(SchedulerKeepsApart, TakesTheIpv6WildcardForOneAddress) {
  EXPECT_FALSE(scheduler_keeps_apart(port(80, "::"), port(80, "10.0.0.1")));
  EXPECT_TRUE(scheduler_keeps_apart(port(80, "::"), port(80)));
}

TEST(SchedulerIgnoresSidecars, BeforeTheVersionsThatCountThem) {
  EXPECT_TRUE(scheduler_ignores_sidecars(std::vector<int>{1, 32, 9}));
  EXPECT_TRUE(scheduler_ignores_sidecars(std::vector<int>{1, 33, 5}));
  EXPECT_FALSE(scheduler_ignores_sidecars(std::vector<int>{1, 33, 6}));
  EXPECT_FALSE(scheduler_ignores_sidecars(std::vector<int>{1, 33}));
  EXPECT_FALSE(scheduler_ignores_sidecars(std::nullopt));
}

}  // namespace
}  // namespace hostnet
