#include "agent/ports/denial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using testing::HasSubstr;
using testing::Not;

Denial denial_on(NodeBuilder& node) {
  return explain_denial(node.build(), "reading proc/812/fd: Permission denied");
}

TEST(Denial, AMissingCapabilityIsAskedForWithThePathThatShowedIt) {
  NodeBuilder node;
  node.capabilities(0);
  EXPECT_THAT(denial_on(node).cause, HasSubstr("SYS_PTRACE is missing (reading proc/812/fd"));
  EXPECT_THAT(denial_on(node).remedy, HasSubstr("DAC_READ_SEARCH"));
}

TEST(Denial, TheProfileThatConfinesTheAgentIsNamed) {
  NodeBuilder node;
  node.file("proc/self/attr/current", "docker-default (enforce)\n");
  EXPECT_THAT(denial_on(node).cause, HasSubstr("docker-default"));
  EXPECT_THAT(denial_on(node).remedy, HasSubstr("appArmorProfile"));
}

TEST(Denial, SoIsSelinuxsType) {
  NodeBuilder node;
  node.file("proc/self/attr/current", std::string("system_u:system_r:container_t:s0:c1\0", 36));
  EXPECT_THAT(denial_on(node).cause, HasSubstr("container_t"));
  EXPECT_THAT(denial_on(node).remedy, HasSubstr("spc_t"));
}

TEST(Denial, SoAreYamaAndAUserNamespace) {
  NodeBuilder yama;
  yama.file("proc/sys/kernel/yama/ptrace_scope", "3\n");
  EXPECT_THAT(denial_on(yama).remedy, HasSubstr("ptrace_scope below 3"));
  NodeBuilder users;
  users.file("proc/self/uid_map", "         0     100000      65536\n");
  EXPECT_THAT(denial_on(users).remedy, HasSubstr("user namespace"));
}

TEST(Denial, AModuleThatIsNotThereIsNotBlamedNorACapabilityThatIs) {
  NodeBuilder node;
  node.file("proc/self/attr/current", "unconfined\n")
      .file("proc/self/uid_map", "         0          0 4294967295\n")
      .file("proc/sys/kernel/yama/ptrace_scope", "1\n");
  const Denial denial = denial_on(node);
  for (const char* name : {"AppArmor", "SELinux", "ptrace_scope", "add the capability"}) {
    EXPECT_THAT(denial.cause + denial.remedy, Not(HasSubstr(name)));
  }
  EXPECT_EQ(denial.code, "process_denied");
  EXPECT_THAT(denial.cause, HasSubstr("proc/812/fd: Permission denied"));
}

}  // namespace
}  // namespace hostnet
