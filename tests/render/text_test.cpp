#include "agent/render/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "agent/render/html/render.h"
#include "tests/render/sample_report.h"

namespace hostnet {
namespace {

constexpr std::string_view kSummary =
    "1 conflict, 1 risk, 1 ignored; 4 listening sockets, 2 declared ports; pods from apiserver 4s "
    "ago; complete\n";

TEST(FindingsText, IsTheContractsTable) {
  EXPECT_EQ(
      findings_text(sample_report(), FindingClass::conflict, false),
      "PORT      VERDICT            SEVERITY  DECLARED BY          HELD BY                        "
      "SINCE  WHAT TO DO\n"
      "8080/tcp  unmanaged_process  critical  default/web-1 (web)  nginx.service nginx[812] root  "
      "3m12s  systemctl stop nginx.service, or change the pod's port\n" +
          std::string(kSummary));
}

TEST(FindingsText, AddsIgnoredOnesWhenAsked) {
  EXPECT_EQ(findings_text(sample_report(), FindingClass::risk, true),
            "PORT       VERDICT             SEVERITY        DECLARED BY            HELD BY  SINCE  "
            "WHAT TO DO\n"
            "30003/tcp  in_node_port_range  warning         default/grid-0 (grid)  -        1d2h   "
            "use a port outside 30000-32767\n"
            "30003/tcp  reserved_port       info (ignored)  default/grid-0 (grid)  -        1d2h   "
            "use a port outside 30000-32767\n" +
                std::string(kSummary));
}

TEST(FindingsText, OneLookHasNoSinceAndANodesFindingNoPort) {
  Report report = sample_report();
  report.findings = {{.id = "x",
                      .verdict = Verdict::node_port_range_in_ephemeral_range,
                      .severity = Severity::info,
                      .stale = true,
                      .explanation = "e",
                      .remedy = "r"}};
  EXPECT_EQ(findings_text(report, FindingClass::risk, false),
            "PORT  VERDICT                             SEVERITY      DECLARED BY  HELD BY  SINCE  "
            "WHAT TO DO\n"
            "-     node_port_range_in_ephemeral_range  info (stale)  -            -        -      "
            "r\n"
            "0 conflicts, 1 risk; 4 listening sockets, 2 declared ports; pods from apiserver 4s "
            "ago; complete\n");
}

TEST(FindingsText, AProcessCannotPaintTheTerminal) {
  Report report = sample_report();
  report.findings[0].held_by[0].owner.processes[0].comm = "\x1b[31mnginx\n0 conflicts";
  const auto text = findings_text(report, FindingClass::conflict, false);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("\\x1b[31mnginx\\n0 conflicts[812]"), std::string::npos);
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
}

TEST(PortsText, ShowsEveryHolderOfEveryPort) {
  EXPECT_EQ(
      ports_text(sample_report()),
      "PORT       HELD BY                                                ADDRESS               "
      "STATE   DECLARED BY            FINDINGS\n"
      "22/tcp     ssh.service sshd[640] root                             0.0.0.0, :: (v6only)  "
      "listen  -                      -\n"
      "53/udp     systemd-resolved.service systemd-resolve[411] uid 101  127.0.0.53%lo         "
      "bound   -                      -\n"
      "8080/tcp   nginx.service nginx[812] root                          0.0.0.0               "
      "listen  default/web-1 (web)    unmanaged_process\n"
      "30003/tcp  -                                                      -                     -   "
      "    default/grid-0 (grid)  in_node_port_range\n" +
          std::string(kSummary));
}

TEST(PortsText, CanBeAskedForOnePort) {
  const auto text = ports_text(sample_report(), {.port = 22, .protocol = Protocol::tcp});
  EXPECT_EQ(text,
            "PORT    HELD BY                     ADDRESS               STATE   DECLARED BY  "
            "FINDINGS\n"
            "22/tcp  ssh.service sshd[640] root  0.0.0.0, :: (v6only)  listen  -            -\n" +
                std::string(kSummary));
  EXPECT_EQ(ports_text(sample_report(), {.port = 22, .protocol = Protocol::udp}),
            "PORT  HELD BY  ADDRESS  STATE  DECLARED BY  FINDINGS\n" + std::string(kSummary));
}

TEST(CheckText, EndsWithTheExplanation) {
  EXPECT_EQ(
      check_text(sample_check()),
      "PORT      ADDRESS  VERDICT  BINDABLE  HELD BY                        DECLARED BY       "
      "   RISKS\n"
      "8080/tcp  ::       in_use   no        nginx.service nginx[812] root  default/web-1 "
      "(web)  reserved_port\n"
      "nginx.service listens on 0.0.0.0:8080.\n");
}

TEST(Render, AnErrorComesInTheFormAskedFor) {
  EXPECT_EQ(render_error(OutputFormat::text, 404, "there is no /x\x1b"), "there is no /x\\x1b\n");
  EXPECT_EQ(render_error(OutputFormat::json, 404, "there is no /x"),
            "{\"error\":{\"status\":404,\"message\":\"there is no /x\"}}\n");
  EXPECT_NE(render_error(OutputFormat::html, 404, "no <b>").find("<h2>404</h2><p>no &lt;b&gt;</p>"),
            std::string::npos);
}

}  // namespace
}  // namespace hostnet
