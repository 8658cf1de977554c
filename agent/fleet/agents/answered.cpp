#include "agent/fleet/agents/answered.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/render/table/fold.h"
#include "agent/render/words.h"
#include "agent/verdicts/listing.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

// The most incomplete nodes named per reason: the JSON has all of them.
constexpr std::size_t kMostNamed = 10;

using NodesByReason = std::map<std::string, std::vector<std::string>>;

std::string line(const std::string& text, std::size_t width) {
  return folded(terminal_text(text), width);
}

}  // namespace

NodeAnswer unanswered(const FleetNode& node) {
  return {.node = node.name,
          .agent = node.agent ? node.agent->namespace_ + "/" + node.agent->pod : "",
          .answered = false,
          .error = node.problem,
          .complete = false,
          .problems = {}};
}

bool all_answered(const std::vector<NodeAnswer>& nodes) {
  return std::ranges::all_of(nodes, &NodeAnswer::answered);
}

bool all_complete(const std::vector<NodeAnswer>& nodes) {
  return std::ranges::all_of(nodes,
                             [](const NodeAnswer& node) { return node.answered && node.complete; });
}

std::string doubts_text(const std::vector<NodeAnswer>& nodes, std::size_t width) {
  NodesByReason silent, incomplete;
  for (const NodeAnswer& node : nodes) {
    if (!node.answered) {
      silent[node.error].push_back(node.node);
    } else if (!node.complete) {
      incomplete[node.problems.empty() ? "it does not say why" : node.problems.front()].push_back(
          node.node);
    }
  }
  std::string text;
  for (const auto& [why, names] : incomplete) {
    text += line(fmt::format("incomplete on {}: {} ({})", counted(names.size(), "node", "nodes"),
                             listing(names, kMostNamed), why),
                 width);
  }
  for (const auto& [why, names] : silent) {
    text += line(fmt::format("{} did not answer: {} ({})", counted(names.size(), "node", "nodes"),
                             listing(names, names.size()), why),
                 width);
  }
  return text;
}

std::string answered_words(const std::vector<NodeAnswer>& nodes) {
  const auto answered =
      static_cast<std::size_t>(std::ranges::count_if(nodes, &NodeAnswer::answered));
  return fmt::format("{} of {} answered; {}", answered, counted(nodes.size(), "node", "nodes"),
                     all_complete(nodes) ? "complete" : "incomplete");
}

}  // namespace hostnet
