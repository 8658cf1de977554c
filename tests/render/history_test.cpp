#include "agent/render/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/render/html/html.h"
#include "agent/render/json/json.h"
#include "tests/render/sample_report.h"

namespace hostnet {
namespace {

using testing::HasSubstr;

FindingEvent sample_event(bool opened, std::string id = "8f3c") {
  FindingEvent event{.opened = opened, .finding = sample_conflict(), .at = sample_time()};
  event.finding.id = std::move(id);
  if (!opened) event.lasted = std::chrono::seconds(192);
  return event;
}

TEST(History, KeepsTheNewestFirstAndNoMoreThanItsLimit) {
  const std::vector<FindingEvent> first{sample_event(true, "a"), sample_event(true, "b")};
  const std::vector<FindingEvent> then{sample_event(false, "a"), sample_event(true, "c")};
  const auto before = with_events(nullptr, first, 3);
  const auto events = with_events(&before, then, 3);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0]->finding.id, "c");
  EXPECT_FALSE(events[1]->opened);
  EXPECT_EQ(events[2], before[0]);  // shared, not copied
  EXPECT_EQ(with_events(&before, first, 1).size(), 1U);
}

TEST(History, SaysWhatCameAndWhatWentInEveryForm) {
  const std::vector<FindingEvent> happened{sample_event(true), sample_event(false)};
  const History events{.events = with_events(nullptr, happened), .refusals = {}};
  const auto text = history_text(sample_report(), events);
  EXPECT_THAT(text, HasSubstr("2026-11-21T20:00:00.123Z  closed  8080/tcp"));
  EXPECT_THAT(text, HasSubstr("  3m12s\n"));
  EXPECT_THAT(text, HasSubstr("2 events since the agent started"));

  const auto answer = nlohmann::json::parse(history_json(sample_report(), events));
  EXPECT_EQ(answer["node"], "n1");
  EXPECT_EQ(answer["events"][0]["event"], "closed");
  EXPECT_EQ(answer["events"][0]["lasted_seconds"], 192);
  EXPECT_TRUE(answer["events"][1]["lasted_seconds"].is_null());
  EXPECT_EQ(answer["events"][1]["finding"]["verdict"], "unmanaged_process");

  const auto page = history_html(sample_report(), events);
  EXPECT_THAT(page, HasSubstr("<a href=\"history\" aria-current=\"page\">History</a>"));
  EXPECT_THAT(page, HasSubstr("<small>after 3m12s</small>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"ports/8080\">8080/tcp</a>"));
  EXPECT_THAT(history_html(sample_report(), {}), HasSubstr("No finding opened or closed"));
}

TEST(History, SaysWhatBindRefusedAndToWhomInEveryForm) {
  auto refused = std::make_shared<RefusedBind>();
  refused->protocol = Protocol::tcp;
  refused->port = 8080;
  refused->error = "EADDRINUSE";
  refused->binder.processes = {{99, "\x1b[31m"}};
  refused->namespace_ = "default";
  refused->pod = "web-1";
  refused->last = sample_time();
  refused->times = 7;
  refused->holders = sample_conflict().held_by;
  refused->gone_after = std::chrono::milliseconds(12);
  const History history{.events = {}, .refusals = {refused}};
  const auto text = history_text(sample_report(), history);
  EXPECT_THAT(text, HasSubstr("8080/tcp  EADDRINUSE  7      default/web-1 \\x1b[31m[99]"));
  EXPECT_THAT(text, HasSubstr("(gone 12 ms later)"));
  const auto answer = nlohmann::json::parse(history_json(sample_report(), history));
  EXPECT_EQ(answer["refusals"][0]["count"], 7);
  EXPECT_EQ(answer["refusals"][0]["gone_after_ms"], 12);
  EXPECT_EQ(answer["refusals"][0]["pod"], "web-1");
  EXPECT_THAT(history_html(sample_report(), history), HasSubstr("Refused binds"));
}

TEST(History, MergesByTimeTheNewestFirst) {
  auto older = sample_event(true, "older");
  older.at -= std::chrono::seconds(5);
  const auto one = with_events(nullptr, std::vector{sample_event(true, "newer")});
  const auto merged = merge_events(with_events(nullptr, std::vector{older}), one);
  ASSERT_EQ(merged.size(), 2U);
  EXPECT_EQ(merged[0]->finding.id, "newer");
}

}  // namespace
}  // namespace hostnet
