#include "netlink/base/error.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

TEST(Error, AMissingPermissionIsDeniedAndSaysWhatTheSystemSaid) {
  const auto error = system_failure(EACCES, "reading proc/1/fd").error();
  EXPECT_EQ(error.reason, Reason::denied);
  EXPECT_EQ(error.system_error, EACCES);
  EXPECT_EQ(error.message, "reading proc/1/fd: Permission denied");
}

TEST(Error, AProcessThatIsGoneIsVanished) {
  EXPECT_EQ(reason_of(ESRCH), Reason::vanished);
}

}  // namespace
}  // namespace hostnet
