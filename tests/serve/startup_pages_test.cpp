#include "agent/serve/process/startup_pages.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "agent/config/policy.h"

namespace hostnet {
namespace {

// Resident pages that a file backs, of this process (proc(5), statm).
std::size_t file_backed_pages() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  std::size_t shared = 0;
  statm >> size >> resident >> shared;
  return shared;
}

TEST(StartupPages, AreGivenBackAndTheProgramGoesOn) {
  const Policy before = default_policy();
  const std::size_t resident = file_backed_pages();
  release_startup_pages();
  EXPECT_LT(file_backed_pages(), resident);
  // Its code and constants come back when they are used, and are the same.
  EXPECT_EQ(default_policy(), before);
}

}  // namespace
}  // namespace hostnet
