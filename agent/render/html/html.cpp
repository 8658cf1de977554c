#include "agent/render/html/html.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "agent/render/html/html_findings.h"
#include "agent/render/html/html_history.h"
#include "agent/render/html/html_network.h"
#include "agent/render/html/html_parts.h"
#include "agent/render/html/html_port_story.h"
#include "agent/render/html/page_assets.h"
#include "agent/render/html/path_picture.h"
#include "agent/render/html/port_map.h"
#include "agent/render/html/timeline.h"
#include "agent/render/report_words.h"
#include "agent/render/text.h"
#include "agent/render/words.h"
#include "agent/verdicts/severities.h"
#include "netlink/base/escape.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// 'sha256-...' as CSP writes it (W3C CSP3, section 2.3.1); "" when OpenSSL
// cannot, and then the browser refuses what it would have allowed.
std::string csp_hash(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    return "";
  }
  const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), size);
  return "'sha256-" + base64(bytes) + "'";
}

// A path of the page's menu, from the root.
struct Place {
  std::string_view path, title;
};
constexpr Place kOverview{.path = "./", .title = "Overview"};
constexpr Place kConflicts{.path = "conflicts", .title = "Conflicts"};
constexpr Place kRisks{.path = "risks", .title = "Risks"};
constexpr Place kPorts{.path = "ports", .title = "Ports"};
constexpr Place kInterfaces{.path = "interfaces", .title = "Interfaces"};
constexpr Place kRoutes{.path = "routes", .title = "Routes"};
constexpr Place kHistory{.path = "history", .title = "History"};
// A new view takes one line here and one in overview_html().
constexpr std::array<Place, 7> kMenu{kOverview,   kConflicts, kRisks,  kPorts,
                                     kInterfaces, kRoutes,    kHistory};

// The frame around <main>. `here` is marked in the menu; a page that does not
// change has no script. `root` leads from the page to `/`.
std::string whole_page(const Place& here, std::string_view title, bool live, std::string main,
                       std::string_view root = {}) {
  std::string menu;
  for (const auto& place : kMenu) {
    menu += fmt::format("<a href=\"{}{}\"{}>{}</a>", root, place.path,
                        place.path == here.path ? " aria-current=\"page\"" : "", place.title);
  }
  constexpr std::string_view kLive =
      "<div class=\"live\"><input id=\"filter\" type=\"search\" placeholder=\"Filter rows\" "
      "aria-label=\"Filter rows\" hidden><span id=\"live\" role=\"status\" hidden></span></div>";
  std::string footer = fmt::format("<a href=\"{}metrics\">Metrics</a>", root);
  for (const auto& place : {kConflicts, kRisks, kPorts, kInterfaces, kRoutes, kHistory}) {
    footer +=
        fmt::format("<a href=\"{}{}?format=json\">{} as JSON</a>", root, place.path, place.title);
  }
  footer += fmt::format("<a href=\"{}openapi.json\">OpenAPI</a>", root);
  const std::string before = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"referrer\" content=\"no-referrer\"><link rel=\"icon\" href=\"data:,\">"
      "<title>{}</title><style>{}</style></head>\n<body>"
      "<a class=\"skip\" href=\"#main\">Skip to the content</a>"
      "<header><div class=\"bar\"><a class=\"brand\" href=\"{}./\">hostnet-agent</a>"
      "<nav aria-label=\"Views\">{}</nav>{}</div></header>\n"
      "<main id=\"main\">",
      html_text(title), page_style(), root, menu, live ? kLive : "");
  // Wrapped in place: it may be megabytes long.
  main.insert(0, before);
  main += fmt::format("</main>\n<footer>{}</footer>{}</body></html>\n", footer,
                      live ? fmt::format("<script>{}</script>", page_script()) : "");
  return main;
}

// Node, time, counts, what could not be seen: the top of every live page.
std::string report_head(const Report& report) {
  std::size_t conflicts = 0, risks = 0, severe = 0, sockets = 0;
  for (const auto& finding : report.findings) {
    if (finding.ignored) continue;
    const bool conflict = class_of(finding.verdict) == FindingClass::conflict;
    ++(conflict ? conflicts : risks);
    if (conflict && finding.severity != Severity::info) ++severe;
  }
  if (report.table) {
    for (const auto& holder : report.table->holders) {
      const bool rule = holder.owner.kind == HolderKind::nat_rule;
      if (!rule && holder.socket.is_server()) ++sockets;
    }
    sockets += count_folded_servers(report.table->folded);
  }
  const auto figure = [](std::size_t count, std::string_view name, bool bad) {
    return fmt::format("<li{}><b>{}</b><span>{}</span></li>", bad ? " class=\"bad\"" : "", count,
                       name);
  };
  return fmt::format("<h1>{}</h1><p class=\"meta\">{} <time datetime=\"{}\">{}</time> · {}</p>",
                     report.node.empty() ? "this node" : html_text(report.node),
                     report.complete ? html_badge("good", "✓", "complete")
                                     : html_badge("warning", "▲", "incomplete"),
                     rfc3339(report.generated_at), html_moment(report.generated_at),
                     html_text(pods_words(report))) +
         "<ul class=\"figures\">" +
         figure(conflicts, conflicts == 1 ? "conflict" : "conflicts", severe > 0) +
         figure(risks, risks == 1 ? "risk" : "risks", false) +
         figure(sockets, sockets == 1 ? "listening socket" : "listening sockets", false) +
         figure(report.declared.size(),
                report.declared.size() == 1 ? "declared port" : "declared ports", false) +
         "</ul>" + html_problems(report.complete, report.problems, report.limits);
}

std::string network_page(const Place& place, const NetworkScan& scan, const std::string& section) {
  const bool complete = scan.problems.empty();
  const auto head = fmt::format(
      "<h1>{}</h1><p class=\"meta\">{} <time datetime=\"{}\">{}</time></p>",
      scan.node.empty() ? "this node" : html_text(scan.node),
      complete ? html_badge("good", "✓", "complete") : html_badge("warning", "▲", "incomplete"),
      rfc3339(scan.generated_at), html_moment(scan.generated_at));
  return whole_page(place, fmt::format("{} · {} · hostnet-agent", place.title, scan.node), true,
                    head + html_problems(complete, scan.problems, {}) + section);
}

// All findings on a port, in full; "" if there are none.
std::string findings_on(const Report& report, const PortFilter& filter, std::string_view root) {
  Report narrow = report;
  std::erase_if(narrow.findings, [&filter](const Finding& finding) {
    return finding.ignored || finding.port != filter.port ||
           (filter.protocol && finding.protocol != filter.protocol);
  });
  std::string sections;
  for (const auto finding_class : kFindingClasses) {
    if (findings_of(narrow, finding_class, false).empty()) continue;
    sections += html_findings(narrow, finding_class, false, root);
  }
  return sections;
}

std::string page_title(const Report& report, std::string_view view) {
  const auto conflicts = findings_of(report, FindingClass::conflict, false).size();
  return fmt::format("{} · {} · {} · hostnet-agent", counted(conflicts, "conflict", "conflicts"),
                     view, report.node);
}

}  // namespace

std::string overview_html(const Report& report, const Network& network) {
  auto sections = report_head(report) + html_findings(report, FindingClass::conflict, false) +
                  html_findings(report, FindingClass::risk, false) + html_port_map(report) +
                  html_ports(report, {});
  if (network.interfaces) sections += html_interfaces(*network.interfaces, true);
  if (network.routes) sections += html_routes(*network.routes, true);
  return whole_page(kOverview, page_title(report, kOverview.title), true, std::move(sections));
}

std::string interfaces_html(const Interfaces& interfaces) {
  return network_page(kInterfaces, interfaces.scan, html_interfaces(interfaces, false));
}

std::string routes_html(const Routes& routes) {
  return network_page(kRoutes, routes.scan, html_routes(routes, false));
}

std::string findings_html(const Report& report, FindingClass finding_class, bool include_ignored) {
  const auto& place = finding_class == FindingClass::conflict ? kConflicts : kRisks;
  return whole_page(place, page_title(report, place.title), true,
                    report_head(report) + html_findings(report, finding_class, include_ignored));
}

std::string ports_html(const Report& report) {
  return whole_page(kPorts, page_title(report, kPorts.title), true,
                    report_head(report) + html_port_map(report, "") + html_ports(report, {}));
}

std::string port_html(const Report& report, const PortFilter& filter,
                      std::span<const CheckAnswer> binds, const History* history) {
  const std::string_view root = filter.protocol ? "../../" : "../";  // ports/53/udp, ports/53
  std::string sections = findings_on(report, filter, root);
  for (const CheckAnswer& bind : binds) {
    sections += html_port_story({.report = report, .bind = bind, .history = history});
  }
  sections += html_path_picture(report, filter) + html_ports(report, filter, root);
  return whole_page(kPorts, page_title(report, kPorts.title), true, report_head(report) + sections,
                    root);
}

std::string history_html(const Report& report, const History& history) {
  return whole_page(kHistory, page_title(report, kHistory.title), true,
                    report_head(report) + html_timeline(report, history) + html_history(history));
}

std::string check_html(const CheckAnswer& answer, const PortStory* story) {
  const auto port = port_words(answer.port, answer.protocol);
  return whole_page({}, "Check of " + port, false,
                    fmt::format("<h1>{}</h1>", html_text(port)) + html_check(answer) +
                        (story == nullptr ? "" : html_port_story(*story)));
}

std::string error_html(int status, std::string_view message, std::string_view root) {
  return whole_page({}, fmt::format("{}", status), false,
                    fmt::format("<div class=\"notice critical\"><h2>{}</h2><p>{}</p></div>", status,
                                html_text(message)),
                    root);
}

const std::string& page_security_policy() {
  static const std::string kPolicy = fmt::format(
      "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      csp_hash(page_script()), csp_hash(page_style()));
  return kPolicy;
}

}  // namespace hostnet
