#include "agent/fleet/ask_findings.h"

#include <mutex>
#include <optional>
#include <utility>

#include "agent/fleet/agents/ask_all.h"
#include "netlink/base/real_time.h"

namespace hostnet {
namespace {

struct OneNode {
  NodeAnswer answer;
  std::vector<FleetFinding> findings;
};

OneNode ask_node_for_findings(const FleetNode& place, const AgentClient& client) {
  OneNode node{.answer = unanswered(place), .findings = {}};
  if (!place.agent) return node;
  std::optional<FindingsReader> conflicts, risks;
  const auto asked = [&](const char* target, std::optional<FindingsReader>& reader) {
    return AgentQuestion{
        .target = target,
        .on_body = [&reader](std::string_view bytes) { return reader->feed(bytes); },
        .on_begin = [&reader, &place] { reader.emplace(place.name); }};
  };
  const auto done =
      client.ask(*place.agent, {asked("/conflicts", conflicts), asked("/risks", risks)});
  node.answer.answered = done && conflicts->whole() && risks->whole();
  if (!node.answer.answered) {
    node.answer.error = done ? "the answer is not as expected" : done.error().message;
    return node;
  }
  node.answer.complete = true;
  std::move(*conflicts).give(node.answer, node.findings);
  std::move(*risks).give(node.answer, node.findings);
  return node;
}

// The findings of all nodes; those beyond the limit are counted.
class Gathered {
 public:
  explicit Gathered(std::size_t nodes) { report_.nodes.resize(nodes); }

  void add(std::size_t index, OneNode node) {
    const std::scoped_lock lock(mutex_);
    report_.nodes[index] = std::move(node.answer);
    for (FleetFinding& finding : node.findings) {
      bytes_ += finding.json.size();
      if (bytes_ > kMostBytesOfAFleet) {
        ++report_.findings_cut;
      } else {
        report_.findings.push_back(std::move(finding));
      }
    }
  }
  FleetReport take() { return std::move(report_); }

 private:
  std::mutex mutex_;
  FleetReport report_;
  std::size_t bytes_{};
};

}  // namespace

Result<FleetReport> ask_findings(const std::vector<FleetNode>& nodes, const AgentClient& client) {
  Gathered gathered(nodes.size());
  auto asked = ask_all(nodes.size(), [&](std::size_t index) {
    OneNode node = ask_node_for_findings(nodes[index], client);
    const bool answered = node.answer.answered;
    gathered.add(index, std::move(node));
    return answered;
  });
  if (!asked) return std::unexpected(asked.error());
  FleetReport report = gathered.take();
  report.from = "agents";
  report.generated_at = wall_now();
  sort_findings(report);
  return report;
}

}  // namespace hostnet
