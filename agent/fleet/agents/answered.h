#pragma once

#include <string>
#include <vector>

#include "agent/fleet/agents/cluster.h"

namespace hostnet {

// A node's answer, whatever the question was.
struct NodeAnswer {
  std::string node, agent;  // "hostnet-agent/hostnet-agent-x7k2p"; "" if there is none
  bool answered{};
  std::string error;  // why it did not answer
  bool complete{};
  std::vector<std::string> problems;  // why the answer is not complete
};

NodeAnswer unanswered(const FleetNode& node);

// Whether every node answered and every answer is complete.
bool all_answered(const std::vector<NodeAnswer>& nodes);
bool all_complete(const std::vector<NodeAnswer>& nodes);

// "2 nodes did not answer: n7, n9 (no agent runs there)", "incomplete on 1 node: n3 (NAT rules
// cannot be read)", one line for each reason, safe for a terminal.
std::string doubts_text(const std::vector<NodeAnswer>& nodes, std::size_t width);
// "2 of 3 nodes answered; incomplete"
std::string answered_words(const std::vector<NodeAnswer>& nodes);

}  // namespace hostnet
