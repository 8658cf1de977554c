#include "netlink/bind_events/node_cgroup.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

TEST(NodeCgroup, TheRootOfANamespaceHoldsWhatIsInIt) {
  EXPECT_TRUE(is_in_cgroup("/", "/"));
  EXPECT_TRUE(is_in_cgroup("/init.scope", "/"));
  EXPECT_FALSE(is_in_cgroup("/..", "/"));
  EXPECT_FALSE(is_in_cgroup("/../../init.scope", "/"));
}

TEST(NodeCgroup, APartHoldsItselfAndWhatIsBelow) {
  EXPECT_TRUE(is_in_cgroup("/docker/kind", "/docker/kind"));
  EXPECT_TRUE(is_in_cgroup("/docker/kind/init.scope", "/docker/kind"));
  EXPECT_TRUE(is_in_cgroup("/docker/kind/..init", "/docker/kind"));
  EXPECT_FALSE(is_in_cgroup("/docker/kind-2", "/docker/kind"));
  EXPECT_FALSE(is_in_cgroup("/docker", "/docker/kind"));
}

// As a container's own cgroup namespace shows the node's tree.
TEST(NodeCgroup, WhatIsOutsideOfTheNamespaceIsCompared) {
  EXPECT_TRUE(is_in_cgroup("/../../../init.scope", "/../../.."));
  EXPECT_TRUE(is_in_cgroup("/../../..", "/../../.."));
  EXPECT_FALSE(is_in_cgroup("/../../../..", "/../../.."));
  EXPECT_FALSE(is_in_cgroup("/../../../../init.scope", "/../../.."));
}

}  // namespace
}  // namespace hostnet
