#include "agent/render/port_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "agent/render/port_path.h"
#include "agent/render/text.h"
#include "tests/render/sample_report.h"

namespace hostnet {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string story_of(const Report& report, const History* history) {
  const CheckAnswer check = sample_check();
  return port_story({.report = report, .bind = check, .history = history});
}

TEST(PortStory, TellsOfThePortInTheOrderInWhichSomebodyAsks) {
  const Report report = sample_report();
  const History history{
      .events = {std::make_shared<FindingEvent>(
          FindingEvent{.opened = true, .finding = sample_conflict(), .at = sample_time()})},
      .refusals = {std::make_shared<RefusedBind>(RefusedBind{.protocol = Protocol::tcp,
                                                             .port = 8080,
                                                             .address = {},
                                                             .error = "EADDRINUSE",
                                                             .binder = {},
                                                             .namespace_ = "default",
                                                             .pod = "web-1",
                                                             .first = sample_time(),
                                                             .last = sample_time(),
                                                             .times = 7,
                                                             .holders = {},
                                                             .gone_after = {}})}};
  const std::string story = story_of(report, &history);
  std::size_t at = 0;
  for (const char* label :
       {"declared    default/web-1 (web)", "held by     nginx.service nginx[812]",
        "since       2026", "bind()      EADDRINUSE at [::]:8080",
        "client      clients -> 0.0.0.0:8080", ", not default/web-1 (web)", "rules       ",
        "lately      2026-11-21T20:00:00.123Z unmanaged_process opened",
        "refused: EADDRINUSE, 7 times", "what to do  systemctl stop nginx.service"}) {
    const std::size_t found = story.find(label, at);
    ASSERT_NE(found, std::string::npos) << label << " in\n" << story;
    at = found;
  }
}

TEST(PortStory, TellsAHundredDeclarationsAndHowManyMore) {
  Report report = sample_report();
  const std::size_t before = report.declared.size();
  report.declared.resize(before + 500, sample_conflict().declared_by.front());
  const std::string story = story_of(report, nullptr);
  EXPECT_THAT(story, HasSubstr("            401 more containers"));
}

TEST(PortStory, ASingleScanKnowsNeitherSinceWhenNorWhatWas) {
  Report report = sample_report();
  for (Finding& finding : report.findings) finding.since.reset();
  const std::string story = story_of(report, nullptr);
  EXPECT_THAT(story, HasSubstr("since       unknown for unmanaged_process"));
  EXPECT_THAT(story, HasSubstr("lately      unknown"));
}

TEST(PortStory, FoldsBehindItsLabels) {
  const CheckAnswer check = sample_check();
  const Report report = sample_report();
  const std::string text =
      port_story({.report = report, .bind = check, .history = nullptr}, {.width = 40});
  EXPECT_THAT(text, HasSubstr("\n            "));
}

TEST(PortStory, NoNameWritesOutsideItsLine) {
  Report report = sample_report();
  report.findings[0].remedy = "evil\n\x1b[2Jwhat to do  nothing";
  const std::string story = story_of(report, nullptr);
  EXPECT_THAT(story, Not(HasSubstr("\x1b")));
  EXPECT_THAT(story, HasSubstr("evil\\n\\x1b[2J"));
}

TEST(PortText, HasRowsStoryAndTheLastLine) {
  const Report report = sample_report();
  const CheckAnswer check = sample_check();
  const std::string text =
      port_text(report, {.port = 8080, .protocol = Protocol::tcp}, {&check, 1}, nullptr);
  EXPECT_TRUE(text.starts_with("PORT "));
  EXPECT_THAT(text, HasSubstr("\nbind()      "));
  EXPECT_TRUE(text.ends_with("complete\n")) << text;
  EXPECT_EQ(port_text(report, {.port = 8080, .protocol = Protocol::tcp}, {&check, 1}, nullptr,
                      {.names = true}),
            "8080/tcp\n");
}

TEST(PortPaths, LeadToTheSocketItsProcessAndItsUnit) {
  const auto paths = port_paths(sample_report(), 8080, Protocol::tcp);
  ASSERT_EQ(paths.size(), 1U);
  const auto& steps = paths.front().steps;
  ASSERT_EQ(steps.size(), 5U);
  EXPECT_EQ(steps[1].text, "0.0.0.0:8080");
  EXPECT_EQ(steps[2].text, "tcp listen");
  EXPECT_EQ(steps[3].text, "nginx.service nginx[812] root");
  EXPECT_EQ(steps[4].text, "nginx.service");
  EXPECT_EQ(paths.front().instead_of, "default/web-1 (web)");
}

TEST(PortPaths, OfAPortWithoutAConflictEndWhereTheyShould) {
  Report report = sample_report();
  std::erase_if(report.findings, [](const Finding& finding) { return finding.port == 8080; });
  EXPECT_EQ(port_paths(report, 8080, Protocol::tcp).front().instead_of, "");
}

TEST(PortPaths, LeadToNobodyWhereNobodyListens) {
  const auto paths = port_paths(sample_report(), 4444, Protocol::tcp);
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_EQ(paths.front().steps.back().kind, PathStep::Kind::nobody);
  EXPECT_EQ(paths.front().steps.back().detail, "connection refused");
}

TEST(FindingsText, NamesAreThePortsEachOnce) {
  Report report = sample_report();
  report.findings.push_back(report.findings.front());
  EXPECT_EQ(findings_text(report, FindingClass::conflict, false, {.names = true}), "8080/tcp\n");
}

TEST(FindingsText, WideHasMoreColumnsAndDoesNotFold) {
  const std::string text =
      findings_text(sample_report(), FindingClass::conflict, false, {.width = 40, .wide = true});
  EXPECT_THAT(text, HasSubstr("WHAT TO DO"));
  EXPECT_THAT(text, HasSubstr("EXPLANATION"));
  EXPECT_THAT(text.substr(0, text.find('\n')), HasSubstr("WORKLOAD"));
}

}  // namespace
}  // namespace hostnet
