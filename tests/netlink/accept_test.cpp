#include "netlink/base/accept.h"

#include <gtest/gtest.h>

#include <vector>

namespace hostnet {
namespace {

std::vector<AcceptItem> items(std::string_view list) {
  std::vector<AcceptItem> all;
  while (const auto item = next_accept_item(list)) all.push_back(*item);
  return all;
}

TEST(Accept, IsAListOfNamesWithParameters) {
  const auto all = items("text/html , application/openmetrics-text; version=\"1.0.0\" ;q=0.5,*/*");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].name, "text/html");
  EXPECT_TRUE(all[1].is("Application/OpenMetrics-Text"));
  EXPECT_EQ(all[1].parameter("version"), "1.0.0");
  EXPECT_EQ(all[1].weight, 0.5);
  EXPECT_EQ(all[2].parameter("version"), "");
  EXPECT_EQ(all[2].weight, 1);
}

TEST(Accept, TakesOnlyWeightsFromZeroToOne) {
  for (const char* never : {"gzip;q=0", "gzip; Q=0.000", "gzip;q=", "gzip;q=x", "gzip;q=1.5",
                            "gzip;q=-1", "gzip;q=nan", "gzip;q=0.5x"}) {
    EXPECT_EQ(items(never).at(0).weight, 0) << never;
  }
}

TEST(Accept, SkipsItemsWithoutAName) {
  EXPECT_TRUE(items(",,;;q=1, ;").empty());
  EXPECT_EQ(items(",,gzip,").size(), 1U);
  EXPECT_TRUE(items("").empty());
}

}  // namespace
}  // namespace hostnet
