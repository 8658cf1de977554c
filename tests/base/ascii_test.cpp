
#include "netlink/base/ascii.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

TEST(Uuid, HasDashesInTheirPlacesAndHexadecimalDigitsElsewhere) {
  EXPECT_TRUE(is_uuid("0f2d9a6c-1b3e-4c5d-8e7f-0123456789AB"));
  for (const auto* other :
       {"0f2d9a6c-1b3e-4c5d-8e7f-0123456789a", "0f2d9a6c-1b3e-4c5d-8e7f-0123456789abc",
        "0f2d9a6c_1b3e_4c5d_8e7f_0123456789ab", "0f2d9a6-c1b3e-4c5d-8e7f-0123456789ab",
        "0f2d9a6c-1b3e-4c5d-8e7f-0123456789ag", ""}) {
    EXPECT_FALSE(is_uuid(other)) << other;
  }
}

}  // namespace
}  // namespace hostnet
