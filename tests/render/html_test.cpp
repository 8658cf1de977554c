#include "agent/render/html/html.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "agent/render/host_ports.h"
#include "agent/render/html/html_findings.h"
#include "agent/render/html/page_assets.h"
#include "tests/render/sample_report.h"

namespace hostnet {
namespace {

using testing::HasSubstr;
using testing::Not;

// What is left open, or closed without having been opened, in the page's markup.
std::vector<std::string> unbalanced_elements(std::string_view page) {
  std::vector<std::string> open, wrong;
  while (true) {
    const auto start = page.find('<');
    if (start == std::string_view::npos) break;
    page.remove_prefix(start + 1);
    const bool closing = page.starts_with('/');
    if (closing) page.remove_prefix(1);
    std::string name;
    for (const char c : page) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0) break;
      name += c;
    }
    if (name == "style" || name == "script") {
      page.remove_prefix(page.find("</" + name + ">") + name.size() + 3);
      continue;
    }
    if (name.empty() || name == "meta" || name == "link" || name == "input") continue;
    if (!closing) {
      open.push_back(name);
    } else if (!open.empty() && open.back() == name) {
      open.pop_back();
    } else {
      wrong.push_back(name);
    }
  }
  wrong.insert(wrong.end(), open.begin(), open.end());
  return wrong;
}

// As a running agent without a history serves it.
std::string port_page(const Report& report, std::uint16_t port,
                      std::optional<Protocol> protocol = std::nullopt) {
  const CheckAnswer bind = sample_check();
  return port_html(report, {.port = port, .protocol = protocol}, {&bind, 1}, nullptr);
}

std::string check_page(const Report& report) {
  const CheckAnswer answer = sample_check();
  const PortStory story{.report = report, .bind = answer, .history = nullptr};
  return check_html(answer, &story);
}

TEST(Page, IsBalancedMarkupInEveryView) {
  const auto report = sample_report();
  for (const auto& page : {overview_html(report), findings_html(report, FindingClass::risk, true),
                           port_page(report, 9), check_html(sample_check()), check_page(report),
                           error_html(404, "there is no /x"), overview_html(Report{})}) {
    EXPECT_THAT(unbalanced_elements(page), testing::IsEmpty());
    EXPECT_TRUE(page.starts_with("<!doctype html>"));
  }
}

TEST(Page, HasOnlyRelativeLinksInEveryView) {
  const auto report = sample_report();
  for (const auto& page :
       {overview_html(report), findings_html(report, FindingClass::risk, true), ports_html(report),
        check_html(sample_check()), error_html(404, "there is no /x")}) {
    EXPECT_THAT(page, Not(HasSubstr("href=\"/")));
    EXPECT_THAT(page, Not(HasSubstr("href=\"../")));
  }
}

TEST(Page, OfAPortAndOfAnErrorBelowThatLeadBackToTheRoot) {
  const auto port = port_page(sample_report(), 8080);
  EXPECT_THAT(port, HasSubstr("<a href=\"../ports/8080\">8080/tcp</a>"));
  EXPECT_THAT(port, HasSubstr("<a href=\"../conflicts\">Conflicts</a>"));
  EXPECT_THAT(port, HasSubstr("<a href=\".././\">Overview</a>"));
  EXPECT_THAT(port, HasSubstr("<a href=\"../metrics\">Metrics</a>"));
  EXPECT_THAT(port_page(sample_report(), 8080, Protocol::tcp),
              HasSubstr("<a href=\"../../conflicts\">Conflicts</a>"));
  EXPECT_THAT(error_html(404, "there is no /x/y/z", "../../"),
              HasSubstr("<a href=\"../../conflicts\">Conflicts</a>"));
}

TEST(Page, ShowsAThousandFindingsAndFiveThousandPorts) {
  auto report = sample_report();
  for (Finding& finding : report.findings) finding.ignored = true;
  Finding one = report.findings.front();
  one.verdict = Verdict::unmanaged_process;
  one.ignored = false;
  report.findings.insert(report.findings.end(), 1'001, one);
  EXPECT_THAT(findings_html(report, FindingClass::conflict, false),
              HasSubstr("and 1 more, which only the JSON has"));
  const std::size_t ports = host_ports(sample_report()).size();
  for (std::uint16_t port = 50'000; port < 55'001; ++port) {
    report.declared.push_back({.protocol = Protocol::tcp, .port = port});
  }
  EXPECT_THAT(ports_html(report),
              HasSubstr(fmt::format("and {} more, which only the JSON has", ports + 1)));
}

TEST(Page, OfAPortSaysWhatIsWrongWithItAndNothingOfOthers) {
  const auto report = sample_report();
  const auto page = port_page(report, 8080);
  EXPECT_THAT(page, HasSubstr(html_findings(report, FindingClass::conflict, false, "../")));
  EXPECT_THAT(page, Not(HasSubstr("<section id=\"risks\"")));
  const auto other = port_page(report, 8080, Protocol::udp);
  EXPECT_THAT(other, Not(HasSubstr("<table class=\"findings\"")));
  EXPECT_THAT(ports_html(report), Not(HasSubstr("<table class=\"findings\"")));
}

TEST(Page, OfAPortAndOfACheckHaveTheStory) {
  const auto report = sample_report();
  for (const auto& page : {port_page(report, 8080), check_page(report)}) {
    EXPECT_THAT(page, HasSubstr("<h2>Details of 8080/tcp</h2>"));
    EXPECT_THAT(page, HasSubstr("<dt>bind()</dt><dd>EADDRINUSE at [::]:8080"));
    EXPECT_THAT(page, HasSubstr("<dt>what to do</dt><dd>systemctl stop nginx.service"));
  }
}

TEST(Page, TheWayToTheWrongOneSaysWhomItMisses) {
  EXPECT_THAT(port_page(sample_report(), 8080), HasSubstr(">not default/web-1 (web)</text>"));
  EXPECT_THAT(port_page(sample_report(), 8080), HasSubstr("class=\"path astray\""));
  EXPECT_THAT(port_page(sample_report(), 22), Not(HasSubstr("class=\"path astray\"")));
}

TEST(Page, NamesTheConflictTheHolderAndWhatToDo) {
  const auto page = findings_html(sample_report(), FindingClass::conflict, false);
  EXPECT_THAT(page, HasSubstr("<title>1 conflict · Conflicts · n1 · hostnet-agent</title>"));
  EXPECT_THAT(page, HasSubstr("<span aria-hidden=\"true\">✖</span> critical"));
  EXPECT_THAT(page, HasSubstr("<a href=\"ports/8080\">8080/tcp</a>"));
  EXPECT_THAT(page, HasSubstr("nginx.service nginx[812] root<small>unmanaged process"));
  EXPECT_THAT(page, HasSubstr("default/web-1 (web)<small>DaemonSet/web · hostNetwork · "
                              "CrashLoopBackOff · 4 restarts</small>"));
  EXPECT_THAT(page, HasSubstr("systemctl stop nginx.service, or change the pod&#39;s port"));
  EXPECT_THAT(page, HasSubstr("3m12s"));
  EXPECT_THAT(page, Not(HasSubstr("30003")));
}

TEST(Page, EscapesWhatAProcessCallsItself) {
  auto report = sample_report();
  report.findings[0].held_by[0].owner.processes[0].comm = "<script>alert(1)</script>";
  report.findings[0].remedy = "<img src=x onerror=alert(1)>";
  report.node = "\"><b>";
  const auto page = overview_html(report);
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("<b>\"")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;[812]"));
  EXPECT_THAT(page, HasSubstr("<h1>&quot;&gt;&lt;b&gt;</h1>"));
}

TEST(Page, AQuietNodeSaysSoOnlyWhenTheLookWasComplete) {
  auto report = sample_report();
  report.findings.clear();
  EXPECT_THAT(overview_html(report), HasSubstr("</span> no conflicts</span>"));
  report.complete = false;
  report.problems = {{.code = "no_cap_net_admin",
                      .message = "NAT rules cannot be read",
                      .remedy = "add NET_ADMIN"}};
  const auto page = overview_html(report);
  EXPECT_THAT(page, HasSubstr("no conflicts seen</span>but not everything could be seen."));
  EXPECT_THAT(page,
              HasSubstr("<li>NAT rules cannot be read<small>Fix: add NET_ADMIN</small></li>"));
}

TEST(Page, ShowsWhyAFindingIsIgnored) {
  const auto page = findings_html(sample_report(), FindingClass::risk, true);
  EXPECT_THAT(page, HasSubstr("<span class=\"badge\">ignored</span>"));
  EXPECT_THAT(page, HasSubstr("Ignored: agreed with the platform team"));
}

TEST(Page, LoadsNothingFromElsewhere) {
  const auto page = overview_html(sample_report());
  EXPECT_THAT(page, Not(HasSubstr("http://")));
  EXPECT_THAT(page, Not(HasSubstr("https://")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr(" style=")));
  EXPECT_THAT(page, Not(HasSubstr("onclick")));
}

TEST(Page, CarriesExactlyTheStyleAndScriptThatItsPolicyAllows) {
  const auto page = overview_html(sample_report());
  EXPECT_THAT(page, HasSubstr("<style>" + std::string(page_style()) + "</style>"));
  EXPECT_THAT(page, HasSubstr("<script>" + std::string(page_script()) + "</script>"));
  EXPECT_THAT(page_security_policy(),
              testing::MatchesRegex("default-src 'none'; script-src 'sha256-[A-Za-z0-9+/]+=?'; "
                                    "style-src 'sha256-[A-Za-z0-9+/]+=?'; connect-src 'self'; .*"));
}

TEST(Page, TheSameReportGivesTheSameBytes) {
  EXPECT_EQ(overview_html(sample_report()), overview_html(sample_report()));
}

}  // namespace
}  // namespace hostnet
