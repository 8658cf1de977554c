#include <gtest/gtest.h>

#include "netlink/node/live_files.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet::testing {
namespace {

class KernelFiles : public InOwnNamespace {};

// The settings of a device go with it, and come with one of the same name.
TEST_F(KernelFiles, ThatGoAreGoneAndThatComeAreRead) {
  const std::string path = "proc/sys/net/ipv4/conf/kept0/forwarding";
  const auto files = live_files("/proc", "/sys", live_clock()).value();
  for (const char* forwarding : {"1\n", "0\n"}) {
    ASSERT_TRUE(ip("link add kept0 type veth peer name kept1"));
    ASSERT_TRUE(files->read(path));
    const std::string set = forwarding[0] == '1' ? "1" : "0";
    ASSERT_EQ(std::system(("echo " + set + " > /" + path).c_str()), 0);
    EXPECT_EQ(files->read(path).value(), forwarding);
    ASSERT_TRUE(ip("link del kept0"));
    const auto gone = files->read(path);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().reason, Reason::vanished);
  }
}

}  // namespace
}  // namespace hostnet::testing
