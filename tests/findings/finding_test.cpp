#include "agent/findings/finding.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

TEST(Verdict, EveryOneHasANameThatReadsBack) {
  for (const Verdict verdict : all_verdicts()) {
    EXPECT_EQ(parse_verdict(to_string(verdict)), verdict) << to_string(verdict);
  }
  EXPECT_EQ(all_verdicts().size(), kVerdictCount);
  EXPECT_FALSE(parse_verdict("nonsense"));
}

}  // namespace
}  // namespace hostnet
