#include "collectors/framework/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <semaphore>
#include <thread>

#include "collectors/framework/families.h"
#include "tests/support/exposition_page.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ProvidedCollector always(std::string name) {
  return {name, true, [name](Scrape&) -> Result<std::vector<MetricSource>> {
            return std::vector{single("m_" + name, "h", kGauge, 1)};
          }};
}

// A collector that stays inside until told to go on.
struct Hanging {
  std::counting_semaphore<> entered{0}, release{0};
  std::atomic<int> runs{0};

  ProvidedCollector collector(const std::string& name) {
    return {name, true, [this](Scrape&) -> Result<std::vector<MetricSource>> {
              ++runs;
              entered.release();
              release.acquire();
              return std::vector{single("late", "h", kGauge, 1)};
            }};
  }
};

std::unique_ptr<CollectorRunner> runner_of(std::vector<ProvidedCollector> provided,
                                           RunnerSettings settings = {},
                                           const NodeBuilder& node = {}) {
  auto runner = CollectorRunner::create(
      std::make_shared<const Node>(node.build()), {}, [](const Collector&) { return true; }, {},
      std::move(provided), std::move(settings));
  EXPECT_TRUE(runner.has_value());
  return std::move(*runner);
}

CollectedFamilies collect_all(CollectorRunner& runner, std::chrono::nanoseconds budget = 30s) {
  return runner.collect(*runner.filter({}, {}), budget);
}

TEST(Runner, GivesEveryFamilyAndHowItsCollectorFared) {
  const NodeBuilder node;
  std::vector<ProvidedCollector> provided = {always("a")};
  provided.push_back({"broken", true, [&](Scrape&) -> Result<std::vector<MetricSource>> {
                        node.clock()->advance(250ms);
                        return failure(Reason::malformed, "proc/x line 1: nonsense");
                      }});
  auto runner = runner_of(std::move(provided), {}, node);
  const auto collected = collect_all(*runner);
  const auto page = page_of(collected.sources());
  EXPECT_THAT(page, HasSubstr("m_a 1\n"));
  EXPECT_THAT(page, HasSubstr("node_scrape_collector_success{collector=\"a\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("node_scrape_collector_success{collector=\"broken\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("node_scrape_collector_duration_seconds{collector=\"broken\"} 0.25"));
  EXPECT_EQ(collected.outcomes[1].error->reason, Reason::malformed);
}

TEST(Runner, TurnsAnExceptionIntoAFailureOfThatCollector) {
  auto runner = runner_of({{"throws", true,
                            [](Scrape&) -> Result<std::vector<MetricSource>> {
                              throw std::runtime_error("out of something");
                            }},
                           always("b")});
  const auto collected = collect_all(*runner);
  EXPECT_EQ(collected.outcomes[0].error->reason, Reason::internal);
  EXPECT_TRUE(collected.outcomes[1].success());
}

TEST(Runner, ReadsLinksOncePerScrapeSortedAndOutsideTheCollectorsTime) {
  const NodeBuilder node;
  std::atomic<int> reads = 0;
  std::vector<SharedRead> shared;
  std::vector<CollectorOutcome> seen;
  RunnerSettings settings;
  settings.read_links = [&](const Node&) -> Result<std::vector<Link>> {
    ++reads;
    node.clock()->advance(2s);
    return std::vector{Link{.name = "lo"}, Link{.name = "eth0"}};
  };
  settings.observer = [&](auto outcomes, auto stages) {
    seen.assign(outcomes.begin(), outcomes.end());
    shared.assign(stages.begin(), stages.end());
  };
  const auto user = [&](Scrape& scrape) -> Result<std::vector<MetricSource>> {
    const auto links = scrape.links();
    EXPECT_EQ((*links)->at(0).name, "eth0");
    node.clock()->advance(1s);
    return std::vector<MetricSource>{};
  };
  auto runner = runner_of({{"a", true, user}, {"b", true, user}}, settings, node);
  collect_all(*runner);
  EXPECT_EQ(reads, 1);
  ASSERT_EQ(shared.size(), 1U);
  EXPECT_EQ(shared[0].stage, "links");
  EXPECT_EQ(shared[0].seconds, 2);
  EXPECT_EQ(seen[0].seconds, 1);
  EXPECT_EQ(seen[1].seconds, 1);
  collect_all(*runner);
  EXPECT_EQ(reads, 2);
}

TEST(Runner, LetsTheCallerWorkWhileTheCollectorsRun) {
  std::promise<void> worked;
  auto runner = runner_of({{"waits", true, [&](Scrape&) -> Result<std::vector<MetricSource>> {
                              worked.get_future().wait();
                              return std::vector<MetricSource>{};
                            }}});
  int times = 0;
  const auto collected = runner->collect(*runner->filter({}, {}), 30s, [&] {
    ++times;
    worked.set_value();
  });
  EXPECT_TRUE(collected.outcomes[0].success());
  EXPECT_EQ(times, 1);
}

TEST(Runner, FiltersAsNodeExporterDoes) {
  auto runner = runner_of({always("a"), always("b"), {"off", false, {}}});
  const std::vector<std::string> a{"a"};
  const std::vector<std::string> off{"off"};
  const std::vector<std::string> nonsense{"nonsense"};
  EXPECT_THAT(runner->filter(a, {})->wanted, ElementsAre(true, false));
  EXPECT_THAT(runner->filter({}, a)->wanted, ElementsAre(false, true));
  EXPECT_THAT(runner->filter({}, nonsense)->wanted, ElementsAre(true, true));
  EXPECT_EQ(runner->filter(a, a).error().message,
            "Combined collect and exclude queries are not allowed.");
  EXPECT_EQ(runner->filter(nonsense, {}).error().message,
            "Couldn't create filtered metrics handler: couldn't create collector: "
            "missing collector: nonsense");
  EXPECT_EQ(runner->filter(off, {}).error().message,
            "Couldn't create filtered metrics handler: couldn't create collector: "
            "disabled collector: off");
  const auto collected = runner->collect(*runner->filter(a, {}), 30s);
  EXPECT_EQ(collected.outcomes.size(), 1U);
  EXPECT_THAT(page_of(collected.sources()), ::testing::Not(HasSubstr("m_b")));
}

TEST(Runner, SharesARunBetweenScrapesThatItCovers) {
  Hanging slow;
  auto runner = runner_of({slow.collector("slow"), always("b")});
  std::jthread first([&] { collect_all(*runner); });
  slow.entered.acquire();
  const std::vector<std::string> only_b{"b"};
  std::vector<std::jthread> others;
  std::atomic<int> complete = 0;
  for (int i = 0; i < 8; ++i) {
    others.emplace_back([&, i] {
      const auto collected =
          i % 2 == 0 ? collect_all(*runner) : runner->collect(*runner->filter(only_b, {}), 30s);
      if (collected.outcomes.back().success()) ++complete;
    });
  }
  slow.release.release(9);
  others.clear();
  first.join();
  EXPECT_EQ(complete, 8);
  EXPECT_LE(slow.runs, 5);
}

TEST(Runner, NeverCollectsTwiceAtOnce) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  const auto watched = [&](Scrape&) -> Result<std::vector<MetricSource>> {
    most = std::max(most.load(), ++inside);
    std::this_thread::yield();
    --inside;
    return std::vector<MetricSource>{};
  };
  auto runner = runner_of({{"a", true, watched}, {"b", true, watched}});
  std::vector<std::jthread> scrapers;
  for (int i = 0; i < 8; ++i) {
    scrapers.emplace_back([&, i] {
      const std::vector<std::string> one{i % 2 == 0 ? "a" : "b"};
      for (int n = 0; n < 50; ++n) {
        const auto collected = runner->collect(*runner->filter(one, {}), 30s);
        EXPECT_TRUE(collected.outcomes[0].success());
      }
    });
  }
  scrapers.clear();
  EXPECT_EQ(most, 1);
}

TEST(Runner, LeavesACollectorBehindThatHangsAndTakesItBackWhenItReturns) {
  Hanging hung;
  RunnerSettings settings;
  settings.collector_timeout = 200ms;  // the others' too: a busy machine needs some
  auto runner = runner_of({hung.collector("hung"), always("b")}, settings);
  auto collected = collect_all(*runner);
  EXPECT_EQ(collected.outcomes[0].error->reason, Reason::timeout);
  EXPECT_TRUE(collected.outcomes[1].success());
  EXPECT_EQ(runner->abandoned(), 1U);

  collected = collect_all(*runner);  // skipped, not run again
  EXPECT_EQ(collected.outcomes[0].error->reason, Reason::timeout);
  EXPECT_TRUE(collected.outcomes[1].success());
  EXPECT_EQ(hung.runs, 1);

  hung.release.release(2);
  while (runner->abandoned() != 0) std::this_thread::yield();
  collected = collect_all(*runner);
  EXPECT_TRUE(collected.outcomes[0].success());
  EXPECT_EQ(hung.runs, 2);
}

// It returns at all, although the collector hangs and may take an hour: that the
// time is the scrape's own. On a machine so busy that the others do not get
// through in theirs, the scrape has more.
TEST(Runner, AnswersWithinTheScrapesOwnTime) {
  Hanging hung;
  RunnerSettings settings;
  settings.collector_timeout = 1h;
  settings.scrape_timeout = 1h;
  auto runner = runner_of({always("a"), hung.collector("hung"), always("z")}, settings);
  int released = 0;
  bool others_fared_well = false;
  for (auto budget = 40ms; !others_fared_well; budget *= 2) {
    ASSERT_LT(budget, 30s);
    const auto collected = collect_all(*runner, budget);
    EXPECT_EQ(collected.outcomes[1].error->reason, Reason::timeout);
    others_fared_well = collected.outcomes[0].success() && collected.outcomes[2].success();
    while (runner->abandoned() != 0) {
      if (released < hung.runs) {
        ++released;
        hung.release.release();
      }
      std::this_thread::yield();
    }
  }
}

TEST(Runner, StopsReplacingThreadsWhenTooManyHangAndRecovers) {
  std::array<Hanging, 3> hung;
  RunnerSettings settings;
  settings.collector_timeout = 10ms;
  settings.abandoned_limit = 2;
  auto runner = runner_of(
      {hung[0].collector("a"), hung[1].collector("b"), hung[2].collector("c"), always("d")},
      settings);
  auto collected = collect_all(*runner);
  for (const auto& outcome : collected.outcomes) EXPECT_FALSE(outcome.success()) << outcome.name;
  collected = collect_all(*runner);
  EXPECT_EQ(collected.outcomes[3].error->reason, Reason::timeout);
  for (auto& one : hung) one.release.release();
  while (runner->abandoned() != 0) std::this_thread::yield();
  collected = runner->collect(*runner->filter(std::vector<std::string>{"d"}, {}), 30s);
  EXPECT_TRUE(collected.outcomes[0].success());
}

TEST(Runner, AsksAgainWhenAnotherScrapesShorterTimeCutTheSharedRunShort) {
  Hanging hung;
  RunnerSettings settings;
  settings.collector_timeout = 60s;
  settings.scrape_timeout = 60s;
  std::atomic<int> b_runs = 0;
  auto runner = runner_of({hung.collector("hung"),
                           {"b", true,
                            [&](Scrape&) -> Result<std::vector<MetricSource>> {
                              ++b_runs;
                              return std::vector<MetricSource>{};
                            }}},
                          settings);
  std::jthread hasty([&] { collect_all(*runner, 500ms); });
  hung.entered.acquire();
  const auto collected = runner->collect(*runner->filter(std::vector<std::string>{"b"}, {}), 30s);
  EXPECT_TRUE(collected.outcomes[0].success());
  EXPECT_GE(b_runs, 1);
  hasty.join();
  hung.release.release();
  while (runner->abandoned() != 0) std::this_thread::yield();
}

TEST(Runner, ASharedReadThatHangsIsAnErrorForTheCollectorsAfterIt) {
  std::counting_semaphore<> release{0};
  RunnerSettings settings;
  settings.collector_timeout = 200ms;  // the others' too: a busy machine needs some
  settings.read_links = [&](const Node&) -> Result<std::vector<Link>> {
    release.acquire();
    return std::vector<Link>{};
  };
  const auto user = [](Scrape& scrape) -> Result<std::vector<MetricSource>> {
    if (const auto links = scrape.links(); !links) return std::unexpected(links.error());
    return std::vector<MetricSource>{};
  };
  auto runner = runner_of({{"a", true, user}, {"b", true, user}, always("c")}, settings);
  const auto collected = collect_all(*runner);
  EXPECT_EQ(collected.outcomes[1].error->message, "listing links: no answer in time");
  EXPECT_TRUE(collected.outcomes[2].success());
  EXPECT_EQ(runner->abandoned(), 1U);
  release.release();
  while (runner->abandoned() != 0) std::this_thread::yield();
}

TEST(ScrapeBudget, IsTheSmallerOfOursAndTheHeadersLessAMargin) {
  EXPECT_EQ(scrape_budget("", 9s), 9s);
  EXPECT_EQ(scrape_budget("nonsense", 9s), 9s);
  EXPECT_EQ(scrape_budget("-1", 9s), 9s);
  EXPECT_EQ(scrape_budget("inf", 9s), 9s);
  EXPECT_EQ(scrape_budget("1e300", 9s), 9s);
  EXPECT_EQ(scrape_budget("60", 9s), 9s);
  EXPECT_EQ(scrape_budget("5", 9s), 4500ms);
  EXPECT_EQ(scrape_budget("1", 9s), 900ms);
  EXPECT_EQ(scrape_budget("9.5", 9s), 9s);
}

}  // namespace
}  // namespace hostnet
