#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "agent/verdicts/verdict.h"
#include "tests/support/fixtures.h"

namespace hostnet {
namespace {

using testing::HasSubstr;

TEST(Verdict, EveryOneHasANameThatReadsBack) {
  for (const VerdictInfo& row : kVerdicts) {
    EXPECT_EQ(parse_verdict(row.name), row.verdict) << row.name;
  }
  EXPECT_FALSE(parse_verdict("nonsense"));
}

TEST(Verdict, EveryOneHasAnEventReasonOfItsOwn) {
  EXPECT_EQ(info_of(Verdict::unmanaged_process).event_reason, "HostPortUnmanagedProcess");
  EXPECT_EQ(info_of(Verdict::nodeport_hijacks_listener).event_reason, "NodePortHijacksListener");
  std::set<std::string_view> reasons;
  for (const VerdictInfo& row : kVerdicts) reasons.insert(row.event_reason);
  EXPECT_EQ(reasons.size(), kVerdicts.size());
}

TEST(Verdict, RulesOfHostPortsAreGivenSixtySeconds) {
  using std::chrono::seconds;
  EXPECT_EQ(info_of(Verdict::hostport_not_programmed).grace, seconds(60));
  EXPECT_EQ(info_of(Verdict::hostport_rule_stale).grace, seconds(60));
  EXPECT_EQ(info_of(Verdict::hostport_hijacks_listener).grace, seconds(0));
}

TEST(Verdict, TheReadmesTableIsTheCatalogue) {
  std::ifstream readme(fixtures() + "/../../README.md");
  std::stringstream text;
  text << readme.rdbuf();
  std::string rows;
  for (const VerdictInfo& row : kVerdicts) {
    rows += "| `" + std::string(row.name) + "` | " + std::string(to_string(row.finding_class)) +
            " | " + std::string(row.meaning) + " |\n";
  }
  EXPECT_THAT(text.str(), HasSubstr("| verdict | class | means |\n|---|---|---|\n" + rows + "\n"));
}

}  // namespace
}  // namespace hostnet
