#include "collectors/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/collectors/default_options.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

TEST(Registry, ListsCollectorsInNameOrderWithFlagsOfTheirOwn) {
  std::string_view last;
  for (const Collector& collector : all_collectors()) {
    EXPECT_LT(last, collector.name);
    last = collector.name;
    EXPECT_FALSE(collector.help.empty());
    for (const auto& flag : collector.flags) {
      EXPECT_TRUE(flag.name.starts_with(std::string(collector.name) + ".")) << flag.name;
    }
    EXPECT_TRUE(collector.make(options_with_defaults({})).has_value()) << collector.name;
  }
}

}  // namespace
}  // namespace hostnet
