// softirqs, interrupts, xfrm, processes, sysctl, lnstat.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Node node_with_file(std::string path, std::string text) {
  return NodeBuilder().file(std::move(path), std::move(text)).build();
}

std::string message_of(const TestCollector& collector, std::string path, std::string text) {
  const auto page = collector.page(node_with_file(std::move(path), std::move(text)));
  return page ? "no error" : page.error().message;
}

TEST(Softirqs, CountsForEachCpuThatTheHeadingNames) {
  EXPECT_EQ(*TestCollector("softirqs")
                 .page(node_with_file("proc/softirqs",
                                      "                    CPU0       CPU2       \n"
                                      "          HI:          3          0\n"
                                      "      NET_RX:    1000000          7\n")),
            "# TYPE node_softirqs_functions_total counter\n"
            "node_softirqs_functions_total{cpu=\"0\",type=\"HI\"} 3\n"
            "node_softirqs_functions_total{cpu=\"0\",type=\"NET_RX\"} 1e+06\n"
            "node_softirqs_functions_total{cpu=\"2\",type=\"HI\"} 0\n"
            "node_softirqs_functions_total{cpu=\"2\",type=\"NET_RX\"} 7\n");
}

TEST(Softirqs, GoesOnBeyond32BitsWhenACpuGoesToo) {
  const TestCollector collector("softirqs");
  const auto page = [&](std::string text) {
    return *collector.page(node_with_file("proc/softirqs", std::move(text)));
  };
  page("CPU0 CPU1\nRCU: 5 4294967280\n");
  EXPECT_THAT(page("CPU1\nRCU: 16\n"), HasSubstr("{cpu=\"1\",type=\"RCU\"} 4.294967312e+09\n"));
  EXPECT_THAT(page("CPU0 CPU1\nRCU: 6 17\n"), HasSubstr("{cpu=\"0\",type=\"RCU\"} 6\n"));
}

TEST(Softirqs, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("softirqs");
  constexpr auto kPath = "proc/softirqs";
  EXPECT_EQ(message_of(collector, kPath, ""), "proc/softirqs line 0: expected \"CPU0 CPU1 ...\"");
  EXPECT_EQ(message_of(collector, kPath, "CPU0 CPUx\n"),
            "proc/softirqs line 1: expected \"CPU0 CPU1 ...\"");
  EXPECT_EQ(message_of(collector, kPath, "CPU0 CPU1 CPU2\nHI: 1 2\n"),
            "proc/softirqs line 2: has 2 numbers, expected 3");
  EXPECT_EQ(message_of(collector, kPath, "CPU0\nHI: -1\n"),
            "proc/softirqs line 2: \"-1\" is not a number");
  EXPECT_EQ(message_of(collector, kPath, "CPU0\nHI 1\n"),
            "proc/softirqs line 2: expected \"<name>: ...\"");
  EXPECT_FALSE(collector.page(NodeBuilder().build()));
}

constexpr auto kInterrupts =
    "           CPU0       CPU1\n"
    "  9:          1          0   IO-APIC   9-fasteoi   acpi\n"
    " 24:    4000000          2   PCI-MSI 65536-edge      virtio0-config, virtio1\n"
    "NMI:          0          0   Non-maskable interrupts\n"
    "IPI0:11         12   Rescheduling interrupts\n"
    "ERR:          0\n"
    "MIS:          0\n";

TEST(Interrupts, SplitsWhatFollowsTheNumbers) {
  EXPECT_EQ(
      *TestCollector("interrupts").page(node_with_file("proc/interrupts", kInterrupts)),
      "# TYPE node_interrupts_total counter\n"
      "node_interrupts_total{cpu=\"0\",devices=\"\",info=\"Non-maskable interrupts\",type=\"NMI\"} "
      "0\n"
      "node_interrupts_total{cpu=\"0\",devices=\"\",info=\"Rescheduling "
      "interrupts\",type=\"IPI0\"} "
      "11\n"
      "node_interrupts_total{cpu=\"0\",devices=\"65536-edge virtio0-config, "
      "virtio1\",info=\"PCI-MSI\",type=\"24\"} 4e+06\n"
      "node_interrupts_total{cpu=\"0\",devices=\"9-fasteoi acpi\",info=\"IO-APIC\",type=\"9\"} 1\n"
      "node_interrupts_total{cpu=\"1\",devices=\"\",info=\"Non-maskable interrupts\",type=\"NMI\"} "
      "0\n"
      "node_interrupts_total{cpu=\"1\",devices=\"\",info=\"Rescheduling "
      "interrupts\",type=\"IPI0\"} "
      "12\n"
      "node_interrupts_total{cpu=\"1\",devices=\"65536-edge virtio0-config, "
      "virtio1\",info=\"PCI-MSI\",type=\"24\"} 2\n"
      "node_interrupts_total{cpu=\"1\",devices=\"9-fasteoi acpi\",info=\"IO-APIC\",type=\"9\"} "
      "0\n");
}

TEST(Interrupts, ShowsWhatItsFlagsName) {
  const Node node = node_with_file("proc/interrupts", kInterrupts);
  const auto included =
      *TestCollector("interrupts", {{"interrupts.name-include", {"^24;PCI.*virtio0"}}}).page(node);
  EXPECT_EQ(std::ranges::count(included, '\n'), 3);
  EXPECT_THAT(
      *TestCollector("interrupts", {{"interrupts.name-exclude", {"interrupts;$"}}}).page(node),
      Not(HasSubstr("NMI")));
  EXPECT_THAT(*TestCollector("interrupts", {{"interrupts.include-zeros", {"false"}}}).page(node),
              Not(HasSubstr("} 0\n")));
  EXPECT_THAT(refused_options("interrupts", {{"interrupts.name-include", {"a"}},
                                             {"interrupts.name-exclude", {"b"}}})
                  .message,
              HasSubstr("interrupts.name-include"));
}

TEST(Interrupts, LeavesTheMachinesErrorsOutWhereThereIsOneCpu) {
  EXPECT_EQ(*TestCollector("interrupts")
                 .page(node_with_file("proc/interrupts", "CPU0\nERR: 3\n 1: 4 IO-APIC\n")),
            "# TYPE node_interrupts_total counter\n"
            "node_interrupts_total{cpu=\"0\",devices=\"\",info=\"IO-APIC\",type=\"1\"} 4\n");
}

TEST(Interrupts, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("interrupts");
  EXPECT_EQ(message_of(collector, "proc/interrupts", "CPU0 CPU1\n 1: 4 IO-APIC\n"),
            "proc/interrupts line 2: \"IO-APIC\" is not a number");
  EXPECT_FALSE(collector.page(NodeBuilder().build()));
}

TEST(Xfrm, NamesEveryCounterByRule) {
  EXPECT_EQ(*TestCollector("xfrm").page(node_with_file("proc/1/net/xfrm_stat",
                                                       "XfrmInError             \t1\n"
                                                       "XfrmInNoPols            \t2\n"
                                                       "XfrmOutStateSeqError    \t3\n"
                                                       "XfrmInStateDirError     \t4\n")),
            "# TYPE node_xfrm_in_error_packets_total counter\n"
            "node_xfrm_in_error_packets_total 1\n"
            "# TYPE node_xfrm_in_no_pols_packets_total counter\n"
            "node_xfrm_in_no_pols_packets_total 2\n"
            "# TYPE node_xfrm_in_state_dir_error_packets_total counter\n"
            "node_xfrm_in_state_dir_error_packets_total 4\n"
            "# TYPE node_xfrm_out_state_seq_error_packets_total counter\n"
            "node_xfrm_out_state_seq_error_packets_total 3\n");
}

TEST(Xfrm, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("xfrm");
  constexpr auto kPath = "proc/net/xfrm_stat";
  for (const auto* bad :
       {"XfrmInError\n", "InError 1\n", "Xfrm 1\n", "Xfrm-x 1\n", "XfrmA 1 2\n"}) {
    EXPECT_EQ(message_of(collector, kPath, bad),
              "proc/net/xfrm_stat line 1: expected \"Xfrm<Name> <number>\"");
  }
  EXPECT_EQ(message_of(collector, kPath, "\nXfrmInError x\n"),
            "proc/net/xfrm_stat line 2: \"x\" is not a number");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

std::string stat_of(int pid, std::string_view name, char state, int threads) {
  return std::to_string(pid) + " (" + std::string(name) + ") " + state +
         " 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 " + std::to_string(threads) + " 0 1000 1 1\n";
}

NodeBuilder node_with_limits() {
  NodeBuilder builder;
  builder.sysctl("kernel.threads-max", "15000\n").sysctl("kernel.pid_max", "4194304\n");
  builder.file("proc/1/stat", stat_of(1, "systemd", 'S', 1));
  return builder;
}

TEST(Processes, CountsProcessesAndThreadsByState) {
  auto builder = node_with_limits();
  builder.file("proc/7/stat", stat_of(7, "odd ) R 99 (", 'S', 3))
      .file("proc/7/task/7/stat", stat_of(7, "odd", 'S', 3))
      .file("proc/7/task/8/stat", stat_of(8, "odd", 'R', 3))
      .file("proc/7/task/9/comm", "is gone by now\n")
      .file("proc/20/stat", stat_of(20, "kworker/0:1", 'I', 1))
      .file("proc/30/comm", "is gone by now\n")
      .file("proc/40/stat", stat_of(40, "its tasks are gone", 'Z', 5));
  EXPECT_EQ(*TestCollector("processes").page(builder.build()),
            "# TYPE node_processes_max_processes gauge\nnode_processes_max_processes 4.194304e+06\n"
            "# TYPE node_processes_max_threads gauge\nnode_processes_max_threads 15000\n"
            "# TYPE node_processes_pids gauge\nnode_processes_pids 4\n"
            "# TYPE node_processes_state gauge\n"
            "node_processes_state{state=\"I\"} 1\n"
            "node_processes_state{state=\"S\"} 2\n"
            "node_processes_state{state=\"Z\"} 1\n"
            "# TYPE node_processes_threads gauge\nnode_processes_threads 10\n"
            "# TYPE node_processes_threads_state gauge\n"
            "node_processes_threads_state{thread_state=\"I\"} 1\n"
            "node_processes_threads_state{thread_state=\"R\"} 1\n"
            "node_processes_threads_state{thread_state=\"S\"} 2\n"
            "node_processes_threads_state{thread_state=\"Z\"} 1\n");
}

TEST(Processes, NameTheFileThatDoesNotParse) {
  const TestCollector collector("processes");
  const auto error_of = [&](const char* text) {
    return collector.page(node_with_limits().file("proc/5/stat", text).build()).error().message;
  };
  EXPECT_EQ(error_of("5 systemd S 1\n"), "proc/5/stat: no name in parentheses");
  EXPECT_EQ(error_of("5 (x)"), "proc/5/stat line 0: expected a letter for the state");
  EXPECT_EQ(error_of("5 (x) SS 1\n"), "proc/5/stat line 1: expected a letter for the state");
  EXPECT_EQ(error_of("5 (x) S 1\n"), "proc/5/stat line 1: has 2 fields, expected 18");
  EXPECT_THAT(TestCollector("processes").page(NodeBuilder().build()).error().message,
              HasSubstr("threads-max"));
}

TEST(Processes, StopAtTheDeadline) {
  auto builder = node_with_limits();
  const Node node = builder.build();
  class LateClock final : public Clock {
   public:
    SteadyTime steady() const override { return SteadyTime(std::chrono::seconds(20 * calls_++)); }
    WallTime wall() const override { return {}; }

   private:
    mutable int calls_ = 0;
  };
  Node late = node;
  late.clock = std::make_shared<LateClock>();
  EXPECT_EQ(TestCollector("processes").page(late).error().reason, Reason::timeout);
}

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
  const auto error_of = [](const char* flag, const char* text) {
    return message_of(TestCollector("sysctl", {{"sysctl.include", {flag}}}), "proc/sys/a/b", text);
  };
  EXPECT_EQ(error_of("a.b", "\n"), "proc/sys/a/b: has no value");
  EXPECT_EQ(error_of("a.b", "1 cubic\n"), "proc/sys/a/b: \"cubic\" is not a number");
  EXPECT_EQ(error_of("a.b:x,y", "1\n"),
            "proc/sys/a/b: has 1 values, --collector.sysctl.include names 2");
  EXPECT_THAT(error_of("a.absent", "1\n"), HasSubstr("absent"));
}

TEST(Lnstat, HasARowForEachCpu) {
  const Node node = NodeBuilder()
                        .file("proc/1/net/stat/arp_cache",
                              "entries  lookups \n0000000a 00000010\n0000000a ffffffff\n")
                        .file("proc/1/net/stat/nf_conntrack", "entries found\n00000001 00000000\n")
                        .build();
  EXPECT_EQ(*TestCollector("lnstat").page(node),
            "# TYPE node_lnstat_entries_total counter\n"
            "node_lnstat_entries_total{cpu=\"0\",subsystem=\"arp_cache\"} 10\n"
            "node_lnstat_entries_total{cpu=\"0\",subsystem=\"nf_conntrack\"} 1\n"
            "node_lnstat_entries_total{cpu=\"1\",subsystem=\"arp_cache\"} 10\n"
            "# TYPE node_lnstat_found_total counter\n"
            "node_lnstat_found_total{cpu=\"0\",subsystem=\"nf_conntrack\"} 0\n"
            "# TYPE node_lnstat_lookups_total counter\n"
            "node_lnstat_lookups_total{cpu=\"0\",subsystem=\"arp_cache\"} 16\n"
            "node_lnstat_lookups_total{cpu=\"1\",subsystem=\"arp_cache\"} 4.294967295e+09\n");
}

TEST(Lnstat, GoesOnBeyond32BitsAndLetsALevelFall) {
  const TestCollector collector("lnstat");
  const auto page = [&](std::string row) {
    return *collector.page(
        node_with_file("proc/1/net/stat/arp_cache", "entries hits wide\n" + row + "\n"));
  };
  page("0000000a fffffff0 100000000");
  const auto next = page("00000005 00000010 100000001");
  EXPECT_THAT(next, HasSubstr("entries_total{cpu=\"0\",subsystem=\"arp_cache\"} 5\n"));
  EXPECT_THAT(next, HasSubstr("hits_total{cpu=\"0\",subsystem=\"arp_cache\"} 4.294967312e+09\n"));
  EXPECT_THAT(next, HasSubstr("wide_total{cpu=\"0\",subsystem=\"arp_cache\"} 4.294967297e+09\n"));
}

TEST(Lnstat, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("lnstat");
  constexpr auto kPath = "proc/1/net/stat/x";
  EXPECT_EQ(message_of(collector, kPath, ""), "proc/1/net/stat/x line 0: no names");
  EXPECT_EQ(message_of(collector, kPath, "a b-c\n"),
            "proc/1/net/stat/x line 1: expected a line of names");
  EXPECT_EQ(message_of(collector, kPath, "a b\n1\n"),
            "proc/1/net/stat/x line 2: has 1 numbers, expected 2");
  EXPECT_EQ(message_of(collector, kPath, "a\nz\n"),
            "proc/1/net/stat/x line 2: \"z\" is not a hexadecimal number");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

}  // namespace
}  // namespace hostnet
