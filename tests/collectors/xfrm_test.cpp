#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

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

}  // namespace
}  // namespace hostnet
