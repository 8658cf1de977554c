#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/fleet/agents/cluster.h"
#include "agent/kube/streams/kube_streams.h"

namespace hostnet {

// A request to an agent and the callbacks for its answer. `on_body` gets the bytes as they arrive
// and returns false for unexpected content.
struct AgentQuestion {
  std::string target;  // "/conflicts"
  std::function<bool(std::string_view)> on_body;
  std::function<void()> on_begin;  // an answer begins; called again on a retry
};

// The largest answer accepted: thousands of findings.
inline constexpr std::size_t kLongestAgentAnswer = std::size_t{16} << 20;

// Asks agents for JSON through the API server; any number of threads. Retries an agent that is too
// busy.
class AgentClient {
 public:
  // `patience` limits one attempt at one agent.
  static Result<std::unique_ptr<AgentClient>> create(const ClusterAccess& access,
                                                     std::chrono::milliseconds patience);
  AgentClient(std::unique_ptr<KubeStreams> streams, TlsContextPtr tls,
              std::chrono::milliseconds patience)
      : streams_(std::move(streams)), tls_(std::move(tls)), patience_(patience) {}

  // Asks every question, or returns why it failed.
  Result<> ask(const AgentPlace& agent, const std::vector<AgentQuestion>& questions) const;

 private:
  Result<> attempt(const AgentPlace& agent, const std::vector<AgentQuestion>& questions,
                   SteadyTime deadline) const;
  Result<std::size_t> ask_over(const AgentPlace& agent, std::span<const AgentQuestion> questions,
                               bool tls, SteadyTime deadline) const;

  std::unique_ptr<KubeStreams> streams_;
  TlsContextPtr tls_;  // for agents with --web.config.file; accepts any certificate
  std::chrono::milliseconds patience_;
};

}  // namespace hostnet
