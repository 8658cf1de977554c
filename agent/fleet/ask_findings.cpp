#include "agent/fleet/ask_findings.h"

#include <iterator>
#include <memory>
#include <mutex>
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
  std::vector<FleetFinding> conflicts, risks;
  std::unique_ptr<FindingsReader> of_conflicts, of_risks;
  const auto asked = [&](const char* target, std::vector<FleetFinding>& findings,
                         std::unique_ptr<FindingsReader>& reader) -> AgentQuestion {
    return {.target = target,
            .on_body = [&reader](std::string_view bytes) { return reader->feed(bytes); },
            .on_begin =
                [&] {
                  findings.clear();
                  reader = std::make_unique<FindingsReader>(node.answer, findings);
                }};
  };
  node.answer.complete = true;
  const auto done = client.ask(*place.agent, {asked("/conflicts", conflicts, of_conflicts),
                                              asked("/risks", risks, of_risks)});
  node.answer.answered = done && of_conflicts->whole() && of_risks->whole();
  if (!node.answer.answered) {
    node.answer.error = done ? "the answer is not as expected" : done.error().message;
    node.answer.complete = false;
    node.answer.problems.clear();
    return node;
  }
  node.findings = std::move(conflicts);
  std::ranges::move(risks, std::back_inserter(node.findings));
  return node;
}

// What all nodes say; what does not fit is counted.
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
