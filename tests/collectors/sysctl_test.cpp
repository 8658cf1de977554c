#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

TEST(Sysctl, ShowsNumbersByIndexOrNameAndWordsAsLabels) {
  const Node node = NodeBuilder()
                        .sysctl("net.ipv4.ip_forward", "1\n")
                        .sysctl("net.ipv4.tcp_rmem", "4096\t131072\t6291456\n")
                        .sysctl("kernel.seccomp.actions_avail", "kill_process allow\n")
                        .sysctl("kernel.shift", "-2\n")
                        .file("proc/sys/net/ipv4/conf/eth0.100/forwarding", "0\n")
                        .build();
  const Flags flags{{"sysctl.include",
                     {"net.ipv4.ip_forward", "net.ipv4.ip_forward", "net.ipv4.tcp_rmem",
                      "net/ipv4/conf/eth0.100/forwarding", "kernel.shift", "kernel.absent"}},
                    {"sysctl.include-info", {"kernel.seccomp.actions_avail"}}};
  EXPECT_EQ(
      *TestCollector("sysctl", flags).page(node),
      "# TYPE node_sysctl_info gauge\n"
      "node_sysctl_info{index=\"0\",name=\"kernel.seccomp.actions_avail\","
      "value=\"kill_process\"} 1\n"
      "node_sysctl_info{index=\"1\",name=\"kernel.seccomp.actions_avail\",value=\"allow\"} 1\n"
      "# TYPE node_sysctl_kernel_shift untyped\nnode_sysctl_kernel_shift -2\n"
      "# TYPE node_sysctl_net_ipv4_conf_eth0_100_forwarding untyped\n"
      "node_sysctl_net_ipv4_conf_eth0_100_forwarding 0\n"
      "# TYPE node_sysctl_net_ipv4_ip_forward untyped\nnode_sysctl_net_ipv4_ip_forward 1\n"
      "# TYPE node_sysctl_net_ipv4_tcp_rmem untyped\n"
      "node_sysctl_net_ipv4_tcp_rmem{index=\"0\"} 4096\n"
      "node_sysctl_net_ipv4_tcp_rmem{index=\"1\"} 131072\n"
      "node_sysctl_net_ipv4_tcp_rmem{index=\"2\"} 6.291456e+06\n");
  const Flags named{{"sysctl.include", {"net.ipv4.tcp_rmem:min,default,max"}}};
  EXPECT_EQ(*TestCollector("sysctl", named).page(node),
            "# TYPE node_sysctl_net_ipv4_tcp_rmem_default untyped\n"
            "node_sysctl_net_ipv4_tcp_rmem_default 131072\n"
            "# TYPE node_sysctl_net_ipv4_tcp_rmem_max untyped\n"
            "node_sysctl_net_ipv4_tcp_rmem_max 6.291456e+06\n"
            "# TYPE node_sysctl_net_ipv4_tcp_rmem_min untyped\n"
            "node_sysctl_net_ipv4_tcp_rmem_min 4096\n");
  // Once with names and once without: both, as node_exporter's own end-to-end test has it.
  const Flags both{{"sysctl.include",
                    {"net.ipv4.ip_forward", "net.ipv4.ip_forward:on", "net.ipv4.ip_forward:on"}}};
  EXPECT_EQ(*TestCollector("sysctl", both).page(node),
            "# TYPE node_sysctl_net_ipv4_ip_forward untyped\nnode_sysctl_net_ipv4_ip_forward 1\n"
            "# TYPE node_sysctl_net_ipv4_ip_forward_on untyped\n"
            "node_sysctl_net_ipv4_ip_forward_on 1\n");
  EXPECT_EQ(*TestCollector("sysctl").page(node), "");
}

TEST(Sysctl, RefusesFlagsThatCannotWork) {
  const auto refused = [](const char* flag, const char* value) {
    return refused_options("sysctl", {{flag, {value}}}).message;
  };
  for (const auto* bad : {"", ".", "net..ipv4", "net/../passwd", "../x", "net/./x", "net."}) {
    EXPECT_THAT(refused("sysctl.include", bad), HasSubstr("is not the name of a setting")) << bad;
  }
  EXPECT_EQ(refused("sysctl.include", "a.b:x,"),
            "--collector.sysctl.include=a.b:x,: expected names of letters, digits and underscores "
            "after the colon");
  EXPECT_THAT(refused("sysctl.include", "a.b:x-y"), HasSubstr("expected names"));
  EXPECT_THAT(refused("sysctl.include", "a.b:x,x"), HasSubstr("has a name twice"));
  EXPECT_THAT(refused("sysctl.include-info", "a.b:x"), HasSubstr("words cannot have names"));
}

TEST(Sysctl, NamesTheSettingThatDoesNotParse) {
  const auto said_of = [](const char* flag, const char* text) {
    return message_of(TestCollector("sysctl", {{"sysctl.include", {flag}}}), "proc/sys/a/b", text);
  };
  EXPECT_EQ(said_of("a.b", "\n"), "proc/sys/a/b: has no value");
  EXPECT_EQ(said_of("a.b", "1 cubic\n"), "proc/sys/a/b: \"cubic\" is not a number");
  EXPECT_EQ(said_of("a.b:x,y", "1\n"),
            "proc/sys/a/b: has 1 values, --collector.sysctl.include names 2");
  EXPECT_THAT(said_of("a.absent", "1\n"), HasSubstr("absent"));
}

TEST(Sysctl, ASettingThatCannotBeReadIsAnErrorAndOneThatIsNotThereIsLeftOut) {
  const TestCollector collector("sysctl", {{"sysctl.include", {"a.b", "a.c"}}});
  NodeBuilder builder;
  builder.sysctl("a.b", "1");  // without a newline
  EXPECT_EQ(*collector.page(builder.build()),
            "# TYPE node_sysctl_a_b untyped\nnode_sysctl_a_b 1\n");
  builder.file_error("proc/sys/a/c", failure(Reason::denied, "no").error());
  EXPECT_EQ(error_of(collector, builder.build()).reason, Reason::denied);
  EXPECT_EQ(error_of(collector, NodeBuilder().build()).reason, Reason::vanished);
}

}  // namespace
}  // namespace hostnet
