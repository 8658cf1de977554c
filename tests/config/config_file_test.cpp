#include "agent/config/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "agent/config/scalars.h"

namespace hostnet {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::string fault(std::string_view yaml) {
  const auto policy = parse_config(yaml, "p.yaml");
  return policy ? "no error" : policy.error().message;
}

TEST(ParseConfig, AnEmptyFileIsTheDefault) {
  for (const auto* const yaml : {"", "\n", "# nothing\n", "---\n", "{}"}) {
    EXPECT_EQ(parse_config(yaml, "p.yaml").value(), default_policy()) << yaml;
  }
}

TEST(ParseConfig, ReadsEveryKey) {
  const auto policy = parse_config(R"(
node_components: [kubelet, /opt/vendor/bin/cni-agent]
reserved_ports:
  - 6443
  - 2379-2380
  - {port: 53, protocol: UDP, reason: DNS}
  - {ports: 8000-8010, reason: "the platform's"}
node_port_range: 30000-30999
ignore:
  - {verdict: undeclared_listener, namespace: ~kube-.*, port: 80, reason: known}
  - holder_kind: pod
    protocol: TCP
    exe: "~/opt/.*"
    reason: vendor
grace: {declared_not_listening: 5m, other_pod: 30}
)",
                                   "p.yaml");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_THAT(policy->node_components, ElementsAre("kubelet", "/opt/vendor/bin/cni-agent"));
  EXPECT_THAT(
      policy->reserved_ports,
      ElementsAre(
          ReservedPorts{.ports = {6443, 6443}, .protocol = std::nullopt, .reason = ""},
          ReservedPorts{.ports = {2379, 2380}, .protocol = std::nullopt, .reason = ""},
          ReservedPorts{.ports = {53, 53}, .protocol = Protocol::udp, .reason = "DNS"},
          ReservedPorts{
              .ports = {8000, 8010}, .protocol = std::nullopt, .reason = "the platform's"}));
  EXPECT_EQ(policy->node_port_range, (PortRange{30000, 30999}));
  EXPECT_THAT(policy->ignore,
              ElementsAre(IgnoreRule{.matchers = {{"verdict", "undeclared_listener", false},
                                                  {"namespace", "kube-.*", true},
                                                  {"port", "80", false}},
                                     .reason = "known"},
                          IgnoreRule{.matchers = {{"holder_kind", "pod", false},
                                                  {"protocol", "tcp", false},
                                                  {"exe", "/opt/.*", true}},
                                     .reason = "vendor"}));
  EXPECT_EQ(policy->grace.at(Verdict::declared_not_listening), seconds{300});
  EXPECT_EQ(policy->grace.at(Verdict::other_pod), seconds{30});
}

TEST(ParseConfig, WhatIsAbsentKeepsItsDefaultAndAListReplaces) {
  const auto policy = parse_config("reserved_ports: []\n", "p.yaml").value();
  EXPECT_TRUE(policy.reserved_ports.empty());
  EXPECT_EQ(policy.node_components, default_policy().node_components);
}

TEST(ParseConfig, NamesFileLineAndTheKeyThatWasMeant) {
  EXPECT_EQ(fault("grace: {}\nnode_component: [a]\n"),
            "p.yaml:2: unknown key \"node_component\"; did you mean "
            "node_components?");
  EXPECT_EQ(fault("ignore:\n- verdict: other_pod\n  namspace: x\n  reason: y\n"),
            "p.yaml:3: ignore[0]: unknown key \"namspace\"; did you mean namespace?");
  EXPECT_EQ(fault("grace: {other_pods: 1}\n"),
            "p.yaml:1: grace: unknown key \"other_pods\"; did you mean other_pod?");
  EXPECT_EQ(fault("\x07zzz: 1\n").find('\x07'), std::string::npos);
}

TEST(ParseConfig, RefusesBadPortsAndRanges) {
  EXPECT_EQ(fault("reserved_ports:\n- 0\n"),
            "p.yaml:2: reserved_ports[0]: \"0\" is neither a port (1 to 65535) nor a range like "
            "30000-32767");
  EXPECT_EQ(fault("node_port_range: 32767-30000\n"),
            "p.yaml:1: node_port_range: the range \"32767-30000\" ends before it begins");
  for (const auto* const bad : {"65536", "http", "-1", "1-", "1-2-3", "0x50", "80.0", "' 80'",
                                "99999999999999999999", "[80]"}) {
    EXPECT_NE(fault("reserved_ports: [" + std::string(bad) + "]\n"), "no error") << bad;
  }
  EXPECT_EQ(fault("reserved_ports: [{protocol: tcp}]\n"),
            "p.yaml:1: reserved_ports[0]: needs a port");
  EXPECT_EQ(fault("reserved_ports: [{port: 1, ports: 2}]\n"),
            "p.yaml:1: reserved_ports[0]: has both port and ports");
  EXPECT_EQ(fault("reserved_ports: [{port: 1, protocol: icmp}]\n"),
            "p.yaml:1: reserved_ports[0]: \"icmp\" is not one of tcp, udp, sctp");
}

TEST(ParseConfig, RefusesRulesThatIgnoreEverythingOrNothing) {
  EXPECT_EQ(fault("ignore:\n- {port: 80}\n"),
            "p.yaml:2: ignore[0]: a rule needs a reason, in words");
  EXPECT_EQ(fault("ignore:\n- {reason: quiet}\n"),
            "p.yaml:2: ignore[0]: a rule without a matcher would ignore everything");
  EXPECT_THAT(fault("ignore: [{pod: '~(', reason: x}]"), HasSubstr("is not a regular expression"));
  EXPECT_EQ(fault("ignore: [{pod: '~', reason: x}]"),
            "p.yaml:1: ignore[0].pod: the pattern is empty");
  EXPECT_EQ(fault("ignore: [{port: 80000, reason: x}]"),
            "p.yaml:1: ignore[0].port: \"80000\" is not a port (1 to 65535)");
  EXPECT_EQ(fault("ignore: [{holder_kind: robot, reason: x}]"),
            "p.yaml:1: ignore[0].holder_kind: \"robot\" is no kind of holder");
  EXPECT_EQ(fault("ignore: [{verdict: nonsense, reason: x}]"),
            "p.yaml:1: ignore[0].verdict: unknown verdict \"nonsense\"");
  EXPECT_NE(fault("ignore: [{pod: '~" + std::string(300, '(') + "', reason: x}]"), "no error");
  EXPECT_NE(fault("ignore: [{pod: '~(a{1000}){1000}', reason: x}]"), "no error");
}

TEST(ParseConfig, RefusesWhatIsNoMappingOrEmpty) {
  EXPECT_THAT(fault("- a\n"), HasSubstr("p.yaml:1: the document must be a mapping"));
  EXPECT_THAT(fault("hello\n"), HasSubstr("must be a mapping"));
  EXPECT_EQ(fault("ignore:\n"),
            "p.yaml:1: ignore is empty: write [] for none, or leave the key out for the default");
  EXPECT_THAT(fault("grace: 5m\n"), HasSubstr("p.yaml:1: grace must be a mapping"));
  EXPECT_THAT(fault("node_components: kubelet\n"), HasSubstr("must be a list"));
  EXPECT_THAT(fault("node_components: [{a: b}]\n"),
              HasSubstr("node_components[0] must be one word, not a mapping"));
  EXPECT_THAT(fault("a: 1\n---\nb: 2\n"), HasSubstr("second document"));
}

TEST(ParseConfig, RefusesDuplicateKeys) {
  EXPECT_EQ(fault("grace: {}\ngrace: {}\n"), "p.yaml:2: duplicate key \"grace\", first on line 1");
  EXPECT_THAT(fault("grace: {other_pod: 1, other_pod: 2}\n"), HasSubstr("other_pod"));
}

TEST(ParseConfig, RefusesBrokenAndHostileText) {
  EXPECT_THAT(fault("grace: {other_pod: 1\n"), HasSubstr("p.yaml:"));
  EXPECT_THAT(fault("\tgrace: {}\n"), HasSubstr("p.yaml:"));
  EXPECT_EQ(fault("grace: {\"\\\n").find('\n'), std::string::npos);
  EXPECT_EQ(fault("a: \"\\\x01\"").find('\x01'), std::string::npos);
  EXPECT_NE(fault(std::string(100'000, '[')), "no error");
  EXPECT_NE(fault(std::string("\0\1\2\xff", 4)), "no error");
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'k'; ++c) {
    const std::string last(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) bomb += (i == 0 ? "*" : ",*") + last;
    bomb += "]\n";
  }
  EXPECT_NE(fault(bomb), "no error");
  const auto huge = parse_config(std::string(kMaxConfigBytes + 1, '#'), "p.yaml");
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().reason, Reason::exhausted);
}

TEST(ConfigDuration, TakesSecondsAndDurationsAsGoWritesThem) {
  EXPECT_EQ(config_duration("0"), seconds{0});
  EXPECT_EQ(config_duration("30"), seconds{30});
  EXPECT_EQ(config_duration("90s"), seconds{90});
  EXPECT_EQ(config_duration("1h30m"), seconds{5400});
  EXPECT_EQ(config_duration("1.5m"), seconds{90});
  for (const auto* const bad : {"", "s", "-1", "5x", "25h", "1.5s", "500ms", "5 m", "999999999h"}) {
    EXPECT_FALSE(config_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace hostnet
