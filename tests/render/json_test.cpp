#include "agent/render/json/json.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/render/json/check_json.h"
#include "tests/render/sample_report.h"

namespace hostnet {
namespace {

using nlohmann::json;

constexpr std::string_view kHead =
    R"({"api_version":"v1","node":"n1","generated_at":"2026-11-21T20:00:00.123Z","complete":true,)"
    R"("problems":[],"limits":[],)";
constexpr std::string_view kDeclared =
    R"({"namespace":"default","pod":"web-1","uid":"0f1e","workload":"DaemonSet/web",)"
    R"("container":"web","container_type":"container","mode":"hostNetwork","host_ip":"0.0.0.0",)"
    R"("port":8080,"phase":"Running","container_state":"waiting","reason":"CrashLoopBackOff",)"
    R"("restarts":4,"ready":false,"terminating":false,"source":"apiserver"})";
constexpr std::string_view kNginx =
    R"({"kind":"unmanaged_process","name":"nginx.service","pid":812,"comm":"nginx",)"
    R"("exe":"/usr/sbin/nginx","processes":[{"pid":812,"comm":"nginx"}],"unit":"nginx.service",)"
    R"("unit_service":"",)"
    R"("cgroup":"/system.slice/nginx.service","uid":0,"namespace":"","pod":"","container_id":"",)"
    R"("state":"listen","local_address":"0.0.0.0","local_port":8080,"device":"","v6only":null,)"
    R"("peer":"","expires_ms":null,"inode":48211,"rule":""})";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const auto part : parts) out += part;
  return out;
}

TEST(FindingsJson, IsTheContractsLine) {
  EXPECT_EQ(
      findings_json(sample_report(), FindingClass::conflict, false),
      joined(
          {kHead,
           R"("findings":[{"id":"8f3c","class":"conflict","verdict":"unmanaged_process",)"
           R"("severity":"critical","protocol":"tcp","port":8080,"host_ip":"0.0.0.0",)"
           R"("since":"2026-11-21T19:56:48.123Z","stale":false,"ignored":false,"declared_by":[)",
           kDeclared, R"(],"held_by":[)", kNginx,
           R"(],"observed":null,"explanation":"nginx.service listens on 0.0.0.0:8080, which the pod wants to )"
           R"(bind.","remedy":"systemctl stop nginx.service, or change the pod's port"}]})",
           "\n"}));
}

TEST(FindingsJson, ShowWhatWasSeenOfARefusedBind) {
  Report report = sample_report();
  report.findings.front().observed = Observed{.first = sample_time(),
                                              .last = sample_time(),
                                              .count = 3,
                                              .error = "EADDRINUSE",
                                              .pid = 7,
                                              .comm = "web"};
  const auto said = json::parse(findings_json(report, FindingClass::conflict, false));
  EXPECT_EQ(said["findings"][0]["observed"],
            json::parse(R"({"first":"2026-11-21T20:00:00.123Z","last":"2026-11-21T20:00:00.123Z",)"
                        R"("count":3,"errno":"EADDRINUSE","pid":7,"comm":"web"})"));
}

TEST(FindingsJson, IgnoredOnesComeWithTheirReasonWhenAskedFor) {
  const auto without = json::parse(findings_json(sample_report(), FindingClass::risk, false));
  ASSERT_EQ(without["findings"].size(), 1U);
  EXPECT_EQ(without["findings"][0]["id"], "risk-id");
  EXPECT_FALSE(without["findings"][0].contains("ignored_because"));

  const auto with = json::parse(findings_json(sample_report(), FindingClass::risk, true));
  ASSERT_EQ(with["findings"].size(), 2U);
  EXPECT_EQ(with["findings"][1]["ignored"], true);
  EXPECT_EQ(with["findings"][1]["ignored_because"], "agreed with the platform team");
}

TEST(FindingsJson, WhatIsUnknownIsNullAndNeverZero) {
  Report report = sample_report();
  auto& finding = report.findings[0];
  finding.port.reset();
  finding.protocol.reset();
  finding.since.reset();
  finding.declared_by[0].restarts.reset();
  finding.declared_by[0].ready.reset();
  auto& holder = finding.held_by[0];
  holder.owner = {};
  holder.socket.state = SocketState::time_wait;
  holder.socket.inode = 0;
  holder.socket.expires_ms = 12;
  holder.socket.v6only = false;

  const auto parsed = json::parse(findings_json(report, FindingClass::conflict, false));
  const auto& said = parsed["findings"][0];
  for (const auto* const key : {"port", "protocol", "since"}) EXPECT_TRUE(said[key].is_null());
  EXPECT_TRUE(said["declared_by"][0]["restarts"].is_null());
  EXPECT_TRUE(said["declared_by"][0]["ready"].is_null());
  const auto& held = said["held_by"][0];
  for (const auto* const key : {"pid", "uid", "inode"}) EXPECT_TRUE(held[key].is_null()) << key;
  EXPECT_EQ(held["comm"], "");
  EXPECT_EQ(held["state"], "time_wait");
  EXPECT_EQ(held["expires_ms"], 12);
  EXPECT_EQ(held["v6only"], false);
}

TEST(FindingsJson, SaysWhatCouldNotBeSeen) {
  Report report = sample_report();
  report.complete = false;
  report.problems = {{.code = "no_cap_net_admin",
                      .message = "NAT rules cannot be read",
                      .remedy = "add NET_ADMIN"}};
  report.limits = {{.code = "ebpf_maps", .message = "eBPF maps cannot be read", .remedy = ""}};
  const auto parsed = json::parse(findings_json(report, FindingClass::conflict, false));
  EXPECT_EQ(parsed["complete"], false);
  EXPECT_EQ(parsed["problems"], json::parse(R"([{"code":"no_cap_net_admin",
      "message":"NAT rules cannot be read","remedy":"add NET_ADMIN"}])"));
  EXPECT_EQ(parsed["limits"][0]["code"], "ebpf_maps");
}

TEST(FindingsJson, ParsesWhateverAProcessCallsItself) {
  Report report = sample_report();
  report.findings[0].held_by[0].owner.processes[0].comm = "\xff\"\n\x1b}";
  const auto line = findings_json(report, FindingClass::conflict, false);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(json::parse(line)["findings"][0]["held_by"][0]["comm"], "\xEF\xBF\xBD\"\n\x1b}");
}

TEST(FindingsJson, AConnectionNamesItsPeer) {
  Report report = sample_report();
  auto& socket = report.findings[0].held_by[0].socket;
  socket.state = SocketState::established;
  socket.peer = parse_ip("fe80::1").value();
  socket.peer_port = 443;
  const auto parsed = json::parse(findings_json(report, FindingClass::conflict, false));
  EXPECT_EQ(parsed["findings"][0]["held_by"][0]["peer"], "[fe80::1]:443");
}

TEST(PortsJson, JoinsHoldersDeclarationsAndFindings) {
  const auto line = ports_json(sample_report(), {.port = 8080, .protocol = std::nullopt});
  EXPECT_EQ(line, joined({kHead, R"("ports":[{"protocol":"tcp","port":8080,"holders":[)", kNginx,
                          R"(],"declared_by":[)", kDeclared,
                          R"(],"findings":["unmanaged_process"]}]})", "\n"}));
}

TEST(PortsJson, HasEveryPortOnceInOrder) {
  const auto parsed = json::parse(ports_json(sample_report()));
  std::vector<int> ports;
  for (const auto& port : parsed["ports"]) ports.push_back(port["port"].get<int>());
  EXPECT_EQ(ports, (std::vector{22, 53, 8080, 30003}));
  EXPECT_EQ(parsed["ports"][0]["holders"].size(), 2U);
  EXPECT_EQ(parsed["ports"][1]["holders"][0]["state"], "bound");
  // An ignored finding is not among a port's findings.
  EXPECT_EQ(parsed["ports"][3]["findings"], json::parse(R"(["in_node_port_range"])"));
}

TEST(PortsJson, AReportWithoutATableStillAnswers) {
  Report report;
  report.node = "n2";
  const auto parsed = json::parse(ports_json(report));
  EXPECT_EQ(parsed["ports"], json::array());
  EXPECT_EQ(parsed["complete"], false);
}

TEST(CheckJson, IsTheContractsLine) {
  EXPECT_EQ(check_json(sample_check()),
            joined({R"({"protocol":"tcp","port":8080,"address":"::","verdict":"in_use",)"
                    R"("bindable":false,"holders":[)",
                    kNginx, R"(],"filtered_by":[],"declared_by":[)", kDeclared,
                    R"(],"risks":["reserved_port"],)"
                    R"("explanation":"nginx.service listens on 0.0.0.0:8080."})",
                    "\n"}));
}

TEST(CheckJson, BindableIsNullWhereTheKernelDoesNotTell) {
  auto answer = sample_check();
  answer.verdict = CheckVerdict::unknown;
  answer.bindable.reset();
  const auto parsed = json::parse(check_json(answer));
  EXPECT_TRUE(parsed["bindable"].is_null());
  EXPECT_EQ(parsed["verdict"], "unknown");
}

}  // namespace
}  // namespace hostnet
