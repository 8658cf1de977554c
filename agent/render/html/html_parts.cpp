#include "agent/render/html/html_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

std::string problem_items(const std::vector<Problem>& problems) {
  std::string items;
  for (const auto& problem : problems) {
    items += "<li>" + html_text(problem.message);
    if (!problem.remedy.empty()) items += "<small>Fix: " + html_text(problem.remedy) + "</small>";
    items += "</li>";
  }
  return "<ul>" + items + "</ul>";
}

void append_detail(std::string& out, std::string_view detail) {
  if (detail.empty()) return;
  if (!out.empty()) out += " · ";
  out += html_text(detail);
}

std::string with_small(std::string words, const std::string& detail) {
  if (!detail.empty()) words += "<small>" + detail + "</small>";
  return words;
}

}  // namespace

std::string html_badge(std::string_view kind, std::string_view mark, std::string_view word) {
  return fmt::format("<span class=\"badge {}\"><span aria-hidden=\"true\">{}</span> {}</span>",
                     kind, mark, html_text(word));
}

std::string html_severity_badge(Severity severity, std::string_view word) {
  switch (severity) {
    case Severity::critical: return html_badge("critical", "✖", word);
    case Severity::warning: return html_badge("warning", "▲", word);
    case Severity::info: return html_badge("info", "i", word);
  }
  return html_badge("info", "i", word);
}

std::string html_severity(const Finding& finding) {
  auto badges = html_severity_badge(finding.severity, to_string(finding.severity));
  if (finding.stale) badges += " <span class=\"badge\">stale</span>";
  if (finding.ignored) badges += " <span class=\"badge\">ignored</span>";
  return badges;
}

std::string html_moment(WallTime time) {
  auto moment = rfc3339(time);  // "2026-11-21T20:00:00.123Z"
  moment.resize(moment.size() - 5);
  std::ranges::replace(moment, 'T', ' ');
  return moment + " UTC";
}

std::string html_cell(std::string_view label, std::string_view content,
                      std::string_view css_class) {
  if (content.empty()) {
    return fmt::format(
        "<td role=\"cell\" class=\"blank\" data-label=\"{}\"><span class=\"none\">–</span></td>",
        label);
  }
  // One child, so that a narrow screen's grid has two columns.
  return fmt::format("<td role=\"cell\" data-label=\"{}\"><div{}>{}</div></td>", label,
                     css_class.empty() ? "" : fmt::format(" class=\"{}\"", css_class), content);
}

std::string html_port(std::optional<std::uint16_t> port, std::optional<Protocol> protocol,
                      std::string_view root) {
  const std::string words = html_text(port_words(port, protocol));
  return port ? fmt::format("<a href=\"{}ports/{}\">{}</a>", root, *port, words) : words;
}

std::string html_list(const std::vector<std::string>& items) {
  std::string list;
  for (auto item = items.begin(); item != items.end(); ++item) {
    if (std::find(items.begin(), item, *item) == item) list += "<li>" + *item + "</li>";
  }
  return list.empty() ? "" : "<ul>" + list + "</ul>";
}

std::string html_header_row(std::initializer_list<std::string_view> names) {
  std::string row = "<thead><tr>";
  for (const auto name : names) row += fmt::format("<th scope=\"col\">{}</th>", name);
  return row + "</tr></thead>";
}

std::string html_caption(std::string_view title, std::size_t count) {
  return fmt::format("<caption>{}<span class=\"count\">{}</span></caption>", title, count);
}

// Wraps the content in place: tables may be megabytes long.
std::string html_card(std::string_view id, std::string content) {
  content.insert(0, fmt::format("<section id=\"{}\"><div class=\"card\">", id));
  content += "</div></section>\n";
  return content;
}

std::string html_holder(const Holder& holder) {
  std::string detail;
  if (holder.owner.kind != HolderKind::nat_rule) {
    auto kind = std::string(to_string(holder.owner.kind));
    std::ranges::replace(kind, '_', ' ');
    append_detail(detail, kind);
    append_detail(detail, holder.owner.exe);
    if (holder.owner.exe.empty()) append_detail(detail, holder.owner.cgroup);
  }
  return with_small(html_text(holder_words(holder)), detail);
}

std::string html_declared(const DeclaredPort& declared) {
  std::string detail;
  append_detail(detail, declared.workload);
  append_detail(detail, to_string(declared.mode));
  append_detail(detail, declared.reason.empty() ? declared.container_state : declared.reason);
  if (declared.restarts.value_or(0) > 0) {
    append_detail(detail,
                  counted(static_cast<std::size_t>(*declared.restarts), "restart", "restarts"));
  }
  if (declared.terminating) append_detail(detail, "terminating");
  return with_small(html_text(declared_words(declared)), detail);
}

std::string html_problems(bool complete, const std::vector<Problem>& problems,
                          const std::vector<Problem>& limits) {
  std::string html;
  if (!complete || !problems.empty()) {
    html += std::string("<div class=\"notice\" id=\"unseen\"><h2>") +
            (complete ? "What could not be done, and why" : "What the agent cannot see, and why") +
            "</h2>" + (problems.empty() ? "<p>No reason was given.</p>" : problem_items(problems)) +
            "</div>";
  }
  if (!limits.empty()) {
    html += "<details class=\"notice\" id=\"limits\"><summary>What this node can never show (" +
            std::to_string(limits.size()) + ")</summary>" + problem_items(limits) + "</details>";
  }
  return html;
}

}  // namespace hostnet
