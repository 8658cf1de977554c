#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

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
            "# TYPE node_processes_pids gauge\nnode_processes_pids 5\n"
            "# TYPE node_processes_state gauge\n"
            "node_processes_state{state=\"I\"} 1\n"
            "node_processes_state{state=\"S\"} 3\n"
            "node_processes_state{state=\"Z\"} 1\n"
            "# TYPE node_processes_threads gauge\nnode_processes_threads 11\n"
            "# TYPE node_processes_threads_state gauge\n"
            "node_processes_threads_state{thread_state=\"I\"} 1\n"
            "node_processes_threads_state{thread_state=\"R\"} 1\n"
            "node_processes_threads_state{thread_state=\"S\"} 3\n"
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
  Node late = node_with_limits().build();
  late.clock = std::make_shared<LateClock>();
  EXPECT_EQ(error_of(TestCollector("processes"), late).message,
            "counting processes: out of time at proc/1/stat");
}

TEST(Processes, OnesThatCannotBeReadAreAnErrorAndNotACountThatIsTooLow) {
  const TestCollector collector("processes");
  for (const auto* path : {"proc", "proc/1/stat", "proc/7/task", "proc/sys/kernel/pid_max"}) {
    auto builder = node_with_limits();
    builder.file("proc/7/stat", stat_of(7, "many", 'S', 3));
    builder.file_error(path, failure(Reason::denied, "no").error());
    EXPECT_EQ(error_of(collector, builder.build()).reason, Reason::denied) << path;
  }
}

TEST(Processes, NeedNoNewlineAtTheEnd) {
  auto builder = node_with_limits();
  auto text = stat_of(1, "systemd", 'S', 1);
  const auto whole = *TestCollector("processes").page(builder.build());
  text.pop_back();
  builder.file("proc/1/stat", text).sysctl("kernel.pid_max", "4194304");
  EXPECT_EQ(*TestCollector("processes").page(builder.build()), whole);
}

}  // namespace
}  // namespace hostnet
