#include "agent/metrics/agent_metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

#include "agent/metrics/network_changes.h"
#include "agent/metrics/port_collectors.h"
#include "tests/metrics/sample_report.h"
#include "tests/support/node_builder.h"
#include "tests/support/temporary_directory.h"

extern char** environ;

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

NodeBuilder node_with_self() {
  NodeBuilder builder;
  builder.identity().page_size = 4096;
  builder.file("proc/stat", "cpu 1 2 3\nbtime 1767000000\n");
  builder.file("proc/self/stat",
               "812 (hostnet) agent) S 1 1 1 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 12345 "
               "104857600 2500 18446744073709551615 1 1 0\n");
  builder.file("proc/self/limits",
               "Limit                     Soft Limit           Hard Limit           Units\n"
               "Max open files            1024                 20000                files\n"
               "Max address space         unlimited            unlimited            bytes\n");
  builder.file("proc/self/fd/0", "").file("proc/self/fd/1", "").file("proc/self/fd/2", "");
  return builder;
}

std::vector<MetricSource> all_of(const AgentMetrics& metrics) {
  auto sources = metrics.collect();
  for (auto& source : metrics.process(node_with_self().build())) {
    sources.push_back(std::move(source));
  }
  return sources;
}

TEST(AgentMetrics, CountWhatTheAgentDoes) {
  AgentMetrics metrics({.version = "0.1.0", .revision = "abc"});
  metrics.observe_scan("sockets", 0.0003);
  metrics.observe_scan("sockets", 7);
  metrics.scan_error("nat", Reason::denied);
  metrics.scan_error("nat", Reason::denied);
  metrics.overrun("route", 3);
  metrics.opened(Verdict::other_pod);
  metrics.config_reloaded(true, WallTime(std::chrono::seconds(1'767'323'045)));
  metrics.config_reloaded(false, WallTime(std::chrono::seconds(1'767'323'999)));
  metrics.request_began();
  metrics.request_began();
  metrics.request_ended(200);
  metrics.request_answered(503);
  metrics.gathering_failed();
  const auto page = page_of(all_of(metrics));
  for (const auto* line : {
           "hostnet_scan_duration_seconds_bucket{stage=\"sockets\",le=\"0.00025\"} 0\n",
           "hostnet_scan_duration_seconds_bucket{stage=\"sockets\",le=\"0.0005\"} 1\n",
           "hostnet_scan_duration_seconds_bucket{stage=\"sockets\",le=\"+Inf\"} 2\n",
           "hostnet_scan_duration_seconds_count{stage=\"sockets\"} 2\n",
           "hostnet_scan_errors_total{reason=\"denied\",stage=\"nat\"} 2\n",
           "hostnet_netlink_overruns_total{family=\"route\"} 3\n",
           "hostnet_findings_opened_total{class=\"conflict\",verdict=\"other_pod\"} 1\n",
           "hostnet_findings_opened_total{class=\"risk\",verdict=\"dns_policy\"} 0\n",
           "hostnet_config_last_reload_successful 0\n",
           "hostnet_config_last_reload_success_timestamp_seconds 1.767323045e+09\n",
           "hostnet_build_info{revision=\"abc\",version=\"0.1.0\"} 1\n",
           "promhttp_metric_handler_requests_in_flight 1\n",
           "promhttp_metric_handler_requests_total{code=\"200\"} 1\n",
           "promhttp_metric_handler_requests_total{code=\"503\"} 1\n",
           "promhttp_metric_handler_errors_total{cause=\"encoding\"} 0\n",
           "promhttp_metric_handler_errors_total{cause=\"gathering\"} 1\n",
           "process_cpu_seconds_total 2\n",
           "process_open_fds 3\n",
           "process_max_fds 1024\n",
           "process_resident_memory_bytes 1.024e+07\n",
           "process_virtual_memory_bytes 1.048576e+08\n",
           "process_virtual_memory_max_bytes 1.8446744073709552e+19\n",
           "process_start_time_seconds 1.76700012345e+09\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST(AgentMetrics, LeaveOutTheExportersOwnWhenTold) {
  const AgentMetrics metrics({.version = "1", .revision = "r", .exporter_metrics = false});
  const auto page = page_of(all_of(metrics));
  EXPECT_THAT(page, Not(HasSubstr("process_")));
  EXPECT_THAT(page, Not(HasSubstr("promhttp_")));
  EXPECT_THAT(page, HasSubstr("hostnet_build_info"));
  EXPECT_THAT(page, HasSubstr("hostnet_config_last_reload_successful 1\n"));
}

TEST(AgentMetrics, AreReportedFromManyThreads) {
  AgentMetrics metrics({});
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) {
        metrics.scan_error("nat", Reason::timeout);
        metrics.observe_scan("tick", 0.001);
      }
    });
  }
  for (int n = 0; n < 20; ++n) metrics.collect();
  threads.clear();
  EXPECT_THAT(page_of(metrics.collect()), HasSubstr("stage=\"nat\"} 800\n"));
}

std::shared_ptr<const Report> busy_report() {
  auto report = report_of(
      {holder_of(HolderKind::unmanaged_process, "nginx.service", Protocol::tcp, "0.0.0.0", 8080)});
  auto dns = holder_of(HolderKind::pod, "dns/coredns-1", Protocol::udp, "::", 53);
  dns.socket.drops = 3;
  auto table = std::make_shared<PortSnapshot>(*report.table);
  table->holders.push_back(dns);
  report.table = table;
  for (const VerdictInfo& row : kVerdicts) {
    Finding finding;
    finding.verdict = row.verdict;
    finding.severity = Severity::warning;
    finding.declared_by = {{.namespace_ = "default", .pod = "web", .container = "c"}};
    report.findings.push_back(finding);
  }
  auto pods = std::make_shared<PodSnapshot>();
  pods->source = "apiserver";
  pods->synced = true;
  pods->last_success = report.generated_at;
  report.pods = pods;
  return std::make_shared<const Report>(std::move(report));
}

TEST(NetworkChanges, ShowEveryObjectThatIsCountedWithItsZeroes) {
  NetworkChangeCounts counts;
  counts.came[static_cast<std::size_t>(NetworkObject::route)] = 7;
  const auto page = page_of(network_change_families(counts));
  EXPECT_THAT(page,
              HasSubstr("hostnet_network_changes_total{change=\"new\",object=\"route\"} 7\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_network_changes_total{change=\"del\",object=\"rule\"} 0\n"));
  EXPECT_THAT(page, Not(HasSubstr("neighbour")));
  counts.neighbours = true;
  EXPECT_THAT(page_of(network_change_families(counts)),
              HasSubstr("{change=\"new\",object=\"neighbour\"} 0\n"));
}

TEST(PortCollectors, AreNotThereBeforeTheFirstScan) {
  const auto collectors =
      port_collectors([] { return nullptr; }, std::make_shared<ListenerLedger>(),
                      [](std::string_view, bool by_default) { return by_default; });
  auto runner = CollectorRunner::create(std::make_shared<const Node>(NodeBuilder().build()), {},
                                        [](const Collector&) { return true; }, {}, collectors, {});
  ASSERT_TRUE(runner);
  EXPECT_THAT((*runner)->enabled(), ::testing::ElementsAre("listeners", "ports"));
  EXPECT_EQ((*runner)->filter(std::vector<std::string>{"listener_info"}, {}).error().message,
            "Couldn't create filtered metrics handler: couldn't create collector: "
            "disabled collector: listener_info");
  for (const auto& outcome :
       (*runner)->collect(*(*runner)->filter({}, {}), std::chrono::seconds(30)).outcomes) {
    EXPECT_EQ(outcome.error->reason, Reason::unsupported);
  }
}

// Runs `promtool check metrics` on a page; what it says, and its exit status.
std::pair<int, std::string> promtool_says(const std::string& page) {
  const TemporaryDirectory directory;
  directory.write("page", page);
  const std::string in = directory / "page";
  const std::string out = directory / "out";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_CREAT | O_WRONLY, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  std::array<std::string, 3> words = {"promtool", "check", "metrics"};
  const std::array<char*, 4> arguments = {words[0].data(), words[1].data(), words[2].data(),
                                          nullptr};
  pid_t child = -1;
  const int spawned =
      ::posix_spawnp(&child, "promtool", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) return {-1, "promtool (Debian's package prometheus) is missing"};
  int status = 0;
  ::waitpid(child, &status, 0);
  std::ifstream said(out);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          std::string(std::istreambuf_iterator<char>(said), {})};
}

TEST(AgentMetrics, SatisfyPromtool) {
  AgentMetrics metrics({.version = "0.1.0", .revision = "abc"});
  metrics.observe_scan("sockets", 0.0003);
  metrics.scan_error("nat", Reason::denied);
  metrics.overrun("route");
  const auto report = busy_report();
  auto runner = CollectorRunner::create(
      std::make_shared<const Node>(NodeBuilder().build()), {},
      [](const Collector&) { return true; }, {},
      port_collectors([&] { return report; }, std::make_shared<ListenerLedger>(),
                      [](std::string_view, bool) { return true; }),
      {});
  ASSERT_TRUE(runner);
  const auto collected = (*runner)->collect(*(*runner)->filter({}, {}), std::chrono::seconds(30));
  auto sources = collected.sources();
  const auto own = all_of(metrics);
  for (const auto& source : own) sources.push_back(&source);
  std::string page;
  const auto result =
      write_exposition(std::move(sources), ExpositionFormat::text, [&](std::string_view piece) {
        page += piece;
        return true;
      });
  EXPECT_EQ(result.duplicates + result.invalid, 0U);
  EXPECT_THAT(page, HasSubstr("hostnet_listener_info{"));
  EXPECT_THAT(page, HasSubstr("hostnet_port_risk{"));
  const auto [status, said] = promtool_says(page);
  EXPECT_EQ(status, 0) << said;
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace hostnet
