#include <gtest/gtest.h>

#include "agent/findings/rules/rules.h"
#include "tests/findings/scene.h"

namespace hostnet {
namespace {

const std::string kUid = "aaaaaaaa-1111-4222-8333-aaaaaaaaaaaa";

Refusal refused(std::uint16_t port, std::string error = "EADDRINUSE") {
  Refusal refusal;
  refusal.protocol = Protocol::tcp;
  refusal.port = port;
  refusal.error = std::move(error);
  refusal.binder = pod_owner(kUid, "web", 9);
  refusal.container_key = refusal.container = "main";
  refusal.namespace_ = "default";
  refusal.pod = "web";
  refusal.first = kNow - 2s;
  refusal.last = kNow;
  refusal.count = 3;
  return refusal;
}

Holder nginx_on_the_node() {
  return listener("0.0.0.0", 8080, unit_owner("nginx.service", "nginx", 812));
}

struct RefusedScene : Scene {
  explicit RefusedScene(Refusal refusal) {
    refusals->push_back(std::move(refusal));
    table.refusals = refusals;
  }
  std::shared_ptr<std::vector<Refusal>> refusals = std::make_shared<std::vector<Refusal>>();
  Finding only() const {
    const auto found = of(Verdict::bind_refused);
    EXPECT_EQ(found.size(), 1U);
    return found.front();
  }
};

TEST(BindRefused, AnUndeclaredPortNamesTheContainerAndAsksToDeclareIt) {
  auto refusal = refused(8080);
  refusal.holders = {nginx_on_the_node()};
  RefusedScene scene(refusal);
  scene.add(host_pod("web", kUid));
  const Finding finding = scene.only();
  EXPECT_EQ(finding.severity, Severity::info);
  EXPECT_EQ(finding.declared_by.at(0).pod, "web");
  EXPECT_EQ(finding.declared_by.at(0).container, "main");
  EXPECT_EQ(finding.held_by.at(0).owner.unit, "nginx.service");
  EXPECT_EQ(finding.observed->count, 3U);
  EXPECT_EQ(finding.observed->pid, 9);
  EXPECT_EQ(finding.explanation,
            "bind() refused 8080/tcp to default/web (container main) (EADDRINUSE): nginx.service "
            "(nginx, pid 812) listens on 0.0.0.0:8080.");
  EXPECT_EQ(finding.remedy,
            "declare containerPort 8080 (TCP) in the pod, so that the scheduler knows of it; "
            "systemctl stop nginx.service, or change the pod's port");
}

TEST(BindRefused, AnUndeclaredPortTellsHowItsContainerIsAndNamesThePodThatHasThePort) {
  auto refusal = refused(8080);
  const std::string holders_uid = "bbbbbbbb-1111-4222-8333-bbbbbbbbbbbb";
  refusal.holders = {listener("0.0.0.0", 8080, pod_owner(holders_uid, "proxy", 77))};
  RefusedScene scene(refusal);
  Pod web = host_pod("web", kUid);
  crash_looping(with_port(web, 9090));
  web.containers.front().name = "main";
  scene.add(web).add(host_pod("proxy", holders_uid));
  const Finding finding = scene.only();
  EXPECT_EQ(finding.declared_by.at(0).reason, "CrashLoopBackOff");
  EXPECT_EQ(finding.declared_by.at(0).restarts, web.containers.front().restarts);
  EXPECT_EQ(finding.held_by.at(0).pod, "proxy");
}

TEST(BindRefused, SaysWhyAReadyPodListensOnNothing) {
  RefusedScene scene(refused(8080));
  Pod pod = host_pod("web", kUid);
  ready_since(with_port(pod, 8080), 10min);
  scene.add(std::move(pod));
  EXPECT_EQ(scene.only().declared_by.at(0).pod, "web");
  EXPECT_TRUE(scene.of(Verdict::declared_not_listening).empty());
}

TEST(BindRefused, ASeriousOneIsCritical) {
  auto refusal = refused(8080);
  refusal.serious = true;
  EXPECT_EQ(RefusedScene(refusal).only().severity, Severity::critical);
}

TEST(BindRefused, AHolderThatIsGoneIsToldWithWhen) {
  auto refusal = refused(8080);
  refusal.holders = {nginx_on_the_node()};
  refusal.gone_after = std::chrono::milliseconds(20);
  const Finding finding = RefusedScene(refusal).only();
  EXPECT_NE(finding.explanation.find("nginx.service (nginx, pid 812) had it, gone 20 ms later"),
            std::string::npos);
  EXPECT_EQ(finding.remedy.find("systemctl stop"), std::string::npos);
}

TEST(BindRefused, OtherErrorsAreWarningsWithWordsOfTheirOwn) {
  const auto finding_of = [](const char* error) { return RefusedScene(refused(80, error)).only(); };
  EXPECT_EQ(finding_of("EACCES").severity, Severity::warning);
  EXPECT_NE(finding_of("EACCES").remedy.find("NET_BIND_SERVICE"), std::string::npos);
  EXPECT_NE(finding_of("EADDRNOTAVAIL").explanation.find("no address 0.0.0.0"), std::string::npos);
  EXPECT_NE(finding_of("EPERM").remedy.find("bpftool"), std::string::npos);
  EXPECT_TRUE(finding_of("EPERM").held_by.empty());
}

TEST(BindRefused, ADeclarationsConflictWinsAndTakesWhatWasSeen) {
  RefusedScene scene(refused(8080));
  Pod web = host_pod("web", kUid);
  with_port(web, 8080);
  ready_since(web, 10min);
  web.containers.front().name = "main";
  scene.add(web).hold(nginx_on_the_node());
  EXPECT_TRUE(scene.of(Verdict::bind_refused).empty());
  const auto conflicts = scene.of(Verdict::unmanaged_process);
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].observed->error, "EADDRINUSE");
  EXPECT_EQ(conflicts[0].severity, Severity::critical);  // certain, ready or not
}

TEST(BindRefused, AnotherPodsConflictDoesNotTakeIt) {
  RefusedScene scene(refused(8080));
  Pod other = host_pod("other", "bbbbbbbb-1111-4222-8333-bbbbbbbbbbbb");
  with_port(other, 8080);
  scene.add(host_pod("web", kUid)).add(other).hold(nginx_on_the_node());
  EXPECT_EQ(scene.of(Verdict::bind_refused).size(), 1U);
  EXPECT_FALSE(scene.of(Verdict::unmanaged_process).at(0).observed);
}

TEST(BindRefused, ADeclaredPortWithoutAConflictKeepsItsDeclaration) {
  RefusedScene scene(refused(8080));
  Pod web = host_pod("web", kUid);
  with_port(web, 8080);
  web.containers.front().name = "main";
  scene.add(web);
  const Finding finding = scene.only();
  EXPECT_EQ(finding.remedy.find("declare containerPort"), std::string::npos);
  EXPECT_NE(finding.explanation.find("gone before it could be identified"), std::string::npos);
}

TEST(BindRefused, APodThatNobodyKnowsIsNamedByItsUid) {
  auto refusal = refused(8080);
  refusal.namespace_ = refusal.pod = refusal.container = "";
  refusal.container_key = refusal.binder.container_id = std::string(64, 'c');
  const Finding finding = RefusedScene(refusal).only();
  EXPECT_EQ(finding.declared_by.at(0).uid, kUid);
  EXPECT_NE(finding.explanation.find("a container cccccccccccc of an unknown pod, UID " + kUid),
            std::string::npos);
}

TEST(BindRefused, IsTheLastOfTheConflicts) {
  EXPECT_EQ(static_cast<int>(Verdict::bind_refused), static_cast<int>(Verdict::shared_port) + 1);
  EXPECT_EQ(info_of(Verdict::bind_refused).event_reason, "HostPortBindRefused");
}

}  // namespace
}  // namespace hostnet
