// "An ordinary node is quiet", through the whole agent: recorded bytes in, a
// report out.

#include <gtest/gtest.h>

#include <cstdlib>

#include "agent/config/policy.h"
#include "agent/pods/sources/pod_source_manager.h"
#include "agent/watch/scan.h"
#include "netlink/node/recording/replay.h"
#include "tests/support/temporary_directory.h"
#include "tests/watch/ordinary_node.h"

namespace hostnet {
namespace {

struct Named {
  const char* name;
  OrdinaryNode (*make)();
};

class OrdinaryNodes : public testing::TestWithParam<Named> {};

TEST_P(OrdinaryNodes, AreQuietAndComplete) {
  const TemporaryDirectory directory;
  const std::string recording = (directory.path() / GetParam().name).string();
  const auto written = GetParam().make().write(recording);
  ASSERT_TRUE(written) << written.error().message;

  const auto node = replayed_node(recording);
  ASSERT_TRUE(node) << node.error().message;
  const auto pods = recorded_pods(recording, node->clock->wall());
  ASSERT_TRUE(pods) << pods.error().message;
  const NodeContext node_context = read_node_context(std::make_shared<const Node>(*node), "n1");
  const Report report = scan_once(node_context, *pods, default_policy());

  EXPECT_TRUE(report.complete) << report.problems.front().code << ": "
                               << report.problems.front().message;
  for (const Finding& finding : report.findings) {
    EXPECT_EQ(finding.severity, Severity::info) << finding.explanation;
    EXPECT_EQ(class_of(finding.verdict), FindingClass::risk) << finding.explanation;
  }
  EXPECT_GT(report.table->holders.size(), 8U);
  for (const Holder& holder : report.table->holders) {
    EXPECT_NE(holder.owner.kind, HolderKind::unknown) << holder.socket.local_port;
  }
}

INSTANTIATE_TEST_SUITE_P(All, OrdinaryNodes,
                         testing::Values(Named{"kubeadm", kubeadm_node}, Named{"k3s", k3s_node},
                                         Named{"eks", eks_node}, Named{"cilium", cilium_node}),
                         [](const auto& parameters) { return parameters.param.name; });

// The recording of tests/e2e/test_golden.py is this one:
//   HOSTNET_WRITE_NODE=tests/fixtures/nodes/busy watch_tests --gtest_filter='BusyNode.*'
TEST(BusyNode, HasOneConflictInItsRecordingToo) {
  const TemporaryDirectory directory;
  const char* asked = std::getenv("HOSTNET_WRITE_NODE");
  const std::string recording = asked == nullptr ? (directory.path() / "busy").string() : asked;
  const auto written = busy_node().write(recording);
  ASSERT_TRUE(written) << written.error().message;
  const auto node = replayed_node(recording);
  ASSERT_TRUE(node) << node.error().message;
  const Report report =
      scan_once(read_node_context(std::make_shared<const Node>(*node), "n1"),
                recorded_pods(recording, node->clock->wall()).value(), default_policy());
  std::vector<Verdict> conflicts;
  for (const Finding& finding : report.findings) {
    if (class_of(finding.verdict) == FindingClass::conflict) conflicts.push_back(finding.verdict);
  }
  EXPECT_EQ(conflicts, std::vector{Verdict::unmanaged_process});
}

}  // namespace
}  // namespace hostnet
