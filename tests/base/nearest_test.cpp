#include "netlink/base/nearest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 4> kFlags{"web.listen-address", "web.max-requests",
                                                 "path.procfs", "help"};

TEST(Nearest, FindsWhatWasMeant) {
  EXPECT_EQ(nearest("web.listen-adress", kFlags), "web.listen-address");
  EXPECT_EQ(nearest("path.porcfs", kFlags), "path.procfs");
  EXPECT_EQ(nearest("hlep", kFlags), "help");
  EXPECT_EQ(nearest("help", kFlags), "help");
}

TEST(Nearest, SaysNothingWhenNothingIsClose) {
  EXPECT_EQ(nearest("collector", kFlags), "");
  EXPECT_EQ(nearest("", kFlags), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'x'), kFlags), "");
  EXPECT_EQ(nearest("help", {}), "");
}

}  // namespace
}  // namespace hostnet
