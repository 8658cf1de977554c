#include "agent/ports/owners/cgroup_lookup.h"

#include <gtest/gtest.h>

#include "tests/support/memory_files.h"

namespace hostnet {
namespace {

constexpr std::uint64_t kFirst = 1000;

// After so many cgroups of a node were asked for.
bool remembers_the_first_of(std::uint64_t count) {
  MemoryFiles files;
  for (std::uint64_t id = kFirst; id < kFirst + count; ++id) {
    files.put_cgroup(id, "/system.slice/unit" + std::to_string(id) + ".service");
  }
  CgroupLookup lookup(files);
  for (std::uint64_t id = kFirst; id < kFirst + count; ++id) lookup.of_id(id);
  files.put_cgroup(kFirst, "/system.slice/another.service");
  lookup.trim();
  return lookup.of_id(kFirst)->path != "/system.slice/another.service";
}

TEST(CgroupLookup, RemembersAFewHundredCgroupsAndAsksAgainAfterMore) {
  EXPECT_TRUE(remembers_the_first_of(512));
  EXPECT_FALSE(remembers_the_first_of(513));
}

}  // namespace
}  // namespace hostnet
