#include "agent/fleet/port_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "agent/fleet/agents/ask_all.h"
#include "agent/fleet/agents/node_json.h"
#include "agent/fleet/fleet_words.h"
#include "agent/kube/kube_request.h"
#include "agent/render/exit_codes.h"
#include "agent/render/json_reading.h"
#include "agent/render/table/fold.h"
#include "agent/render/table/table.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"
#include "netlink/base/real_time.h"

namespace hostnet {
namespace {

bool is_free(const PortCheck& check) {
  return check.verdict == "free";
}

bool is_unknown(const PortCheck& check) {
  return check.verdict == "unknown";
}

// Free nodes first, then those in use, then the unknown ones; by name.
std::vector<std::size_t> order_of_nodes(const PortReport& report) {
  std::vector<std::size_t> order(report.nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return is_free(report.checks[i]) ? 0 : is_unknown(report.checks[i]) ? 2 : 1;
  });
  return order;
}

std::string port_summary(const PortReport& report) {
  const auto free = static_cast<std::size_t>(std::ranges::count_if(report.checks, is_free));
  return fmt::format("{}/{} is free on {} of {}; {}", report.port, to_string(report.protocol), free,
                     counted(report.nodes.size(), "node", "nodes"), answered_words(report.nodes));
}

}  // namespace

std::optional<PortCheck> read_port_check(std::string_view json) {
  const Json answer = read_json(json);
  if (!answer.is_object() || text_at(answer, "verdict").empty()) return std::nullopt;
  const Json holders = list_at(answer, "holders");
  std::vector<std::string> pods;
  for (const Json& holder : holders) {
    const std::string pod = text_at(holder, "pod");
    pods.push_back(pod.empty() ? "" : text_at(holder, "namespace") + "/" + pod);
  }
  return PortCheck{.verdict = text_at(answer, "verdict"),
                   .held_by = holders_words_of(holders),
                   .declared_by = declarations_words_of(list_at(answer, "declared_by")),
                   .explanation = text_at(answer, "explanation"),
                   .pods = std::move(pods),
                   .json = json_text(answer)};
}

std::string check_target(std::uint16_t port, Protocol protocol, const std::string& address) {
  std::string target = fmt::format("/check?port={}&protocol={}", port, to_string(protocol));
  if (!address.empty()) target += "&address=" + percent_encoded(address);
  return target;
}

std::vector<PortCheck> ask_checks(const FleetNode& node, const std::vector<std::string>& targets,
                                  const AgentClient& client, NodeAnswer& answer) {
  answer = unanswered(node);
  std::vector<PortCheck> checks(targets.size());
  if (!node.agent) return checks;
  std::vector<std::string> bodies(targets.size());
  std::vector<AgentQuestion> questions;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    questions.push_back({.target = targets[i],
                         .on_body =
                             [&body = bodies[i]](std::string_view bytes) {
                               body += bytes;
                               return body.size() <= kLongestCheck;
                             },
                         .on_begin = [&body = bodies[i]] { body.clear(); }});
  }
  const auto done = client.ask(*node.agent, questions);
  answer.answered = done.has_value();
  if (!done) answer.error = done.error().message;
  for (std::size_t i = 0; i < targets.size() && answer.answered; ++i) {
    if (auto check = read_port_check(bodies[i])) {
      checks[i] = *std::move(check);
    } else {
      answer.answered = false;
      answer.error = "the answer is not as expected";
      checks.assign(targets.size(), {});
    }
  }
  answer.complete = answer.answered && std::ranges::none_of(checks, is_unknown);
  if (answer.answered && !answer.complete) answer.problems = {"its agent does not know"};
  return checks;
}

Result<PortReport> ask_port(const std::vector<FleetNode>& nodes, const AgentClient& client,
                            std::uint16_t port, Protocol protocol) {
  PortReport report{.from = "agents",
                    .generated_at = wall_now(),
                    .port = port,
                    .protocol = protocol,
                    .nodes = std::vector<NodeAnswer>(nodes.size()),
                    .checks = std::vector<PortCheck>(nodes.size()),
                    .limit = {}};
  const std::vector<std::string> targets{check_target(port, protocol, "")};
  auto asked = ask_all(nodes.size(), [&](std::size_t index) {
    report.checks[index] = ask_checks(nodes[index], targets, client, report.nodes[index]).front();
    return report.nodes[index].answered;
  });
  if (!asked) return std::unexpected(asked.error());
  return report;
}

std::string port_report_text(const PortReport& report, const TextStyle& style) {
  TextTable table({"NODE", "VERDICT", "HELD BY", "DECLARED BY", "EXPLANATION"});
  std::string names;
  for (const std::size_t i : order_of_nodes(report)) {
    const PortCheck& check = report.checks[i];
    if (is_free(check)) names += terminal_text(report.nodes[i].node) + "\n";
    table.add(
        {report.nodes[i].node, check.verdict, check.held_by, check.declared_by, check.explanation});
  }
  if (style.names) return names;
  std::string text = table.text(style) + doubts_text(report.nodes, style.width);
  if (!report.limit.empty()) text += folded(report.limit, style.width);
  return text + folded(port_summary(report), style.width);
}

std::string port_report_json(const PortReport& report) {
  std::string text = fleet_envelope(report.from, report.generated_at, all_complete(report.nodes));
  text += fmt::format(R"(,"port":{},"protocol":"{}","nodes":[)", report.port,
                      to_string(report.protocol));
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    std::string node = node_json(report.nodes[i]);
    const std::string& check = report.checks[i].json;
    node.pop_back();
    text += fmt::format(R"({}{},"verdict":{},"check":{}}})", i == 0 ? "" : ",", node,
                        json_text(Json(report.checks[i].verdict)), check.empty() ? "null" : check);
  }
  return text + "]}\n";
}

int exit_code_of(const PortReport& report) {
  if (!all_answered(report.nodes) || std::ranges::any_of(report.checks, is_unknown)) {
    return kIncompleteExit;
  }
  return std::ranges::all_of(report.checks, is_free) ? 0 : 1;
}

}  // namespace hostnet
