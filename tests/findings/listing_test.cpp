#include "agent/verdicts/listing.h"

#include <gtest/gtest.h>

#include <vector>

namespace hostnet {
namespace {

TEST(Listing, NamesAFewAndCountsTheOthers) {
  const std::vector<std::string> names{"a", "b", "c"};
  EXPECT_EQ(listing(names, 3), "a, b, c");
  EXPECT_EQ(listing(names, 2), "a, b and 1 more");
  EXPECT_EQ(listing(names, 2, "; "), "a; b and 1 more");
  EXPECT_EQ(listing({}, 2), "");
}

}  // namespace
}  // namespace hostnet
