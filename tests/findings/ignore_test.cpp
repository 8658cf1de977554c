#include "agent/findings/ignore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/findings/lifecycle.h"
#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::HasSubstr;

Finding finding_of_two_nginx() {
  Scene scene;
  Pod pod = host_pod("web-1", "uid-web");
  with_port(pod, 8080);
  of_workload(pod, "DaemonSet/web");
  scene.add(pod)
      .hold(listener("0.0.0.0", 8080, unit_owner("nginx.service", "nginx", 8)))
      .hold(listener("10.0.0.1", 8080, unit_owner("nginx.service", "nginx", 8)));
  return scene.conflicts().front();
}

bool ignores(std::vector<Matcher> matchers, const Finding& finding) {
  const std::vector<IgnoreRule> rules{{.matchers = std::move(matchers), .reason = "because"}};
  const auto compiled = IgnoreRules::compile(rules);
  EXPECT_TRUE(compiled);
  const std::string* reason = compiled->reason(finding);
  EXPECT_TRUE(reason == nullptr || *reason == "because");
  return reason != nullptr;
}

TEST(IgnoreRules, EveryFieldMatchesExactly) {
  const Finding finding = finding_of_two_nginx();
  const std::vector<std::pair<std::string, std::string>> fields{
      {"verdict", "unmanaged_process"},
      {"protocol", "tcp"},
      {"port", "8080"},
      {"namespace", "default"},
      {"pod", "web-1"},
      {"workload", "DaemonSet/web"},
      {"container", "main"},
      {"holder", "nginx.service"},
      {"holder_kind", "unmanaged_process"},
      {"unit", "nginx.service"},
      {"exe", "/usr/sbin/nginx"}};
  for (const auto& [field, value] : fields) {
    EXPECT_TRUE(ignores({{.field = field, .pattern = value}}, finding)) << field;
    EXPECT_FALSE(ignores({{.field = field, .pattern = value + "x"}}, finding)) << field;
    EXPECT_FALSE(ignores({{.field = field, .pattern = value.substr(1)}}, finding)) << field;
  }
}

TEST(IgnoreRules, OfAHolderHideNothingWhereOtherOwnersAreLeftOut) {
  Finding finding = finding_of_two_nginx();
  finding.unlisted_owners = true;
  EXPECT_FALSE(ignores({{.field = "unit", .pattern = "nginx.service"}}, finding));
  EXPECT_FALSE(ignores({{.field = "holder", .pattern = ".*", .regex = true}}, finding));
  EXPECT_TRUE(ignores({{.field = "pod", .pattern = "web-1"}}, finding));
}

TEST(IgnoreRules, OfAHolderHideACrowdOfOneOwnerButNoCrowdWithAnother) {
  Scene scene;
  Pod pod = host_pod("web-1", "uid-1");
  scene.add(with_port(pod, 8080));
  for (int pid = 1; pid <= 300; ++pid) {
    scene.hold(listener("0.0.0.0", 8080, unit_owner("nginx.service", "nginx", pid)));
  }
  const auto crowd = scene.of(Verdict::unmanaged_process);
  ASSERT_EQ(crowd.size(), 1U);
  EXPECT_LT(crowd[0].held_by.size(), 300U);
  EXPECT_TRUE(ignores({{.field = "unit", .pattern = "nginx.service"}}, crowd[0]));

  scene.hold(listener("0.0.0.0", 8080, unit_owner("other.service", "other", 301)));
  const auto mixed = scene.of(Verdict::unmanaged_process);
  ASSERT_EQ(mixed.size(), 1U);
  EXPECT_FALSE(ignores({{.field = "unit", .pattern = "nginx.service"}}, mixed[0]));
}

TEST(IgnoreRules, ManyDeclaredPortsHideNoHolderFromARule) {
  Scene scene;
  for (int i = 0; i < 1'600; ++i) {
    Pod pod = host_pod("p" + std::to_string(i), "uid-" + std::to_string(i));
    scene.add(with_port(pod, static_cast<std::uint16_t>(10'000 + i)));
  }
  for (int pid = 1; pid <= 3; ++pid) {
    scene.hold(listener("0.0.0.0", 11'599, unit_owner("nginx.service", "nginx", pid)));
  }
  scene.hold(listener("0.0.0.0", 11'599, unit_owner("other.service", "other", 4)));
  const auto found = scene.of(Verdict::unmanaged_process);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].held_by.size(), 4U);
  EXPECT_FALSE(ignores({{.field = "unit", .pattern = "nginx.service"}}, found[0]));
}

TEST(IgnoreRules, AHolderIsMatchedByItsFormerNameToo) {
  Finding finding = finding_of_two_nginx();
  for (Holder& holder : finding.held_by) {
    holder.owner.kind = HolderKind::unmanaged_container;
    holder.owner.container_runtime = "docker";
    holder.owner.container_id = std::string(64, 'a');
    holder.owner.unit = "docker-" + holder.owner.container_id + ".scope";
    holder.name = "docker " + holder.owner.container_id;
  }
  const auto ignores_holder = [&](const std::string& pattern) {
    return ignores({{.field = "holder", .pattern = pattern, .regex = true}}, finding);
  };
  EXPECT_TRUE(ignores_holder("docker a+"));
  EXPECT_TRUE(ignores_holder("docker-a+\\.scope"));
  EXPECT_FALSE(ignores_holder("nginx"));
}

TEST(IgnoreRules, ARegularExpressionMatchesTheWholeValue) {
  const Finding finding = finding_of_two_nginx();
  EXPECT_TRUE(ignores({{.field = "pod", .pattern = "web-[0-9]+", .regex = true}}, finding));
  EXPECT_FALSE(ignores({{.field = "pod", .pattern = "web", .regex = true}}, finding));
}

TEST(IgnoreRules, AllMatchersOfARuleMustMatch) {
  const Finding finding = finding_of_two_nginx();
  EXPECT_TRUE(ignores({{.field = "port", .pattern = "8080"}, {.field = "pod", .pattern = "web-1"}},
                      finding));
  EXPECT_FALSE(
      ignores({{.field = "port", .pattern = "8080"}, {.field = "pod", .pattern = "db"}}, finding));
}

TEST(IgnoreRules, AnotherHolderBesideTheIgnoredOneIsStillTold) {
  Finding finding = finding_of_two_nginx();
  finding.held_by.push_back(listener("10.0.0.2", 8080, unit_owner("evil.service", "evil", 9)));
  EXPECT_FALSE(ignores({{.field = "unit", .pattern = "nginx.service"}}, finding));
}

TEST(IgnoreRules, AnUndeclaredListenersPodIsItsHolders) {
  Scene scene;
  scene.add(host_pod("web-1", "uid-web"))
      .hold(listener("0.0.0.0", 9000, pod_owner("uid-web", "app", 3)));
  const Finding finding = scene.of(Verdict::undeclared_listener).front();
  EXPECT_TRUE(ignores({{.field = "pod", .pattern = "web-1"}}, finding));
  EXPECT_TRUE(ignores({{.field = "namespace", .pattern = "default"}}, finding));
}

TEST(IgnoreRules, ABadRuleIsRefusedByNumberAndField) {
  const auto refusal = [](std::vector<Matcher> matchers) {
    const std::vector<IgnoreRule> rules{{.matchers = std::move(matchers), .reason = ""}};
    const auto compiled = IgnoreRules::compile(rules);
    return compiled ? std::string() : compiled.error().message;
  };
  EXPECT_THAT(refusal({{.field = "prot", .pattern = "tcp"}}), HasSubstr("rule 1: prot: no such"));
  EXPECT_THAT(refusal({{.field = "pod", .pattern = "a[", .regex = true}}),
              HasSubstr("\"a[\" is not a regular expression"));
  EXPECT_THAT(refusal({}), HasSubstr("matches everything"));
}

TEST(IgnoreRules, OneLookMarksWhatIsIgnored) {
  std::vector<Finding> findings{finding_of_two_nginx()};
  const std::vector<IgnoreRule> rules{
      {.matchers = {{.field = "port", .pattern = "8080"}}, .reason = "known"}};
  apply_ignore_rules(findings, *IgnoreRules::compile(rules));
  EXPECT_TRUE(findings[0].ignored);
  EXPECT_EQ(findings[0].ignored_because, "known");
  EXPECT_EQ(findings[0].since, std::nullopt);
}

}  // namespace
}  // namespace hostnet
