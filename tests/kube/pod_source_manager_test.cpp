#include "agent/pods/sources/pod_source_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "netlink/base/real_time.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Answers once, at its first step; with a problem it never does.
class OneAnswer final : public PodSource {
 public:
  OneAnswer(SourceSnapshot answer, std::string problem)
      : answer_(std::move(answer)), problem_(std::move(problem)) {}

  std::chrono::milliseconds step(double /*random*/,
                                 const std::function<void(SourceSnapshot)>& publish) override {
    if (problem_.empty()) {
      answer_.freshness.heard(steady_now());
    } else {
      answer_.freshness.failed(steady_now(), problem_);
    }
    publish(answer_);
    return {};
  }
  const Freshness& freshness() const override { return answer_.freshness; }
  void stop() override {}

 private:
  SourceSnapshot answer_;
  std::string problem_;
};

SourceChoice source(const std::string& name, SourceSnapshot answer = {}, std::string problem = {}) {
  answer.source = name;
  return {.name = name, .make = [answer, problem]() -> Result<std::unique_ptr<PodSource>> {
            return std::make_unique<OneAnswer>(answer, problem);
          }};
}

std::shared_ptr<const PodSnapshot> read(std::vector<SourceChoice> live) {
  PodSourceOptions options;
  options.live = std::move(live);
  return read_pods_once(options, WallTime{});
}

TEST(PodSourceManager, ALiveSourceHasEveryPodOfTheNode) {
  const auto pods = read({source("kubelet")});
  EXPECT_EQ(pods->source, "kubelet");
  EXPECT_TRUE(pods->synced);
  EXPECT_TRUE(pods->has_source());
  EXPECT_TRUE(pods->every_pod);
}

TEST(PodSourceManager, OneThatHasMorePodsThanAreKeptDoesNot) {
  SourceSnapshot cut;
  cut.pods_cut = 2;
  const auto pods = read({source("apiserver", cut)});
  EXPECT_FALSE(pods->every_pod);
  EXPECT_THAT(pods->errors, ElementsAre(HasSubstr("2 pods are left out")));
}

TEST(PodSourceManager, ManifestsAreOnlySomeOfThePods) {
  PodSourceOptions options;
  const TemporaryDirectory folder;
  options.manifests = {folder.path()};
  const auto pods = read_pods_once(options, WallTime{});
  EXPECT_EQ(pods->source, "manifests");
  EXPECT_TRUE(pods->has_source());
  EXPECT_FALSE(pods->every_pod);
}

TEST(PodSourceManager, WithoutASourceNothingIsKnownAndThatIsSaid) {
  PodSourceOptions options;
  const auto pods = read_pods_once(options, WallTime{});
  EXPECT_FALSE(pods->has_source());
  EXPECT_FALSE(pods->every_pod);
  EXPECT_THAT(pods->errors, ElementsAre(HasSubstr("no pod source, so no declarations are known")));
  options.none_wanted = true;
  EXPECT_THAT(read_pods_once(options, WallTime{})->errors, IsEmpty());
}

TEST(PodSourceManager, TakesTheFirstThatAnswersAndSaysWhyNotTheOneBeforeIt) {
  const auto pods = read({source("apiserver", {}, "connection refused"), source("kubelet")});
  EXPECT_EQ(pods->source, "kubelet");
  EXPECT_THAT(pods->passed_over, ElementsAre("apiserver: connection refused"));
  EXPECT_THAT(pods->errors, IsEmpty());
}

}  // namespace
}  // namespace hostnet
