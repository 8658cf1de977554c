#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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

}  // namespace
}  // namespace hostnet
