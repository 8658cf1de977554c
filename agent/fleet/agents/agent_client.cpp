#include "agent/fleet/agents/agent_client.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "agent/kube/backoff.h"
#include "agent/kube/kube_request.h"
#include "agent/kube/streams/http_exchange.h"
#include "agent/kube/streams/tls_stream.h"
#include "netlink/base/real_time.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr int kAttemptsAtAgent = 4;
constexpr std::size_t kLongestAgentError = std::size_t{16} << 10;

// "answers 403: Details are switched off here".
std::unexpected<Error> not_answered(HttpReader& reader, const HttpHead& head) {
  const auto body = reader.body(head, kLongestAgentError);
  const bool busy = head.status == 503 || head.status == 429;
  const Reason reason = busy                 ? Reason::exhausted
                        : head.status == 403 ? Reason::denied
                                             : Reason::malformed;
  return failure(reason, fmt::format("its agent answers {}{}", head.status,
                                     body ? refusal_words(*body, {"error", "message"}) : ""));
}

bool wants_tls(const HttpHead& head, bool tls) {
  return head.status == 400 && !tls;
}

bool stays_open(const HttpHead& head) {
  return !equals_ignoring_case(head.field("Connection"), "close");
}

}  // namespace

Result<std::unique_ptr<AgentClient>> AgentClient::create(const ClusterAccess& access,
                                                         std::chrono::milliseconds patience) {
  auto streams = KubeStreams::create(access);
  if (!streams) return std::unexpected(streams.error());
  auto tls = new_tls_context();
  if (!tls) return std::unexpected(tls.error());
  return std::make_unique<AgentClient>(*std::move(streams), *std::move(tls), patience);
}

// Number of questions answered before the agent closed the connection; 0: it wants TLS.
Result<std::size_t> AgentClient::ask_over(const AgentPlace& agent,
                                          std::span<const AgentQuestion> questions, bool tls,
                                          SteadyTime deadline) const {
  auto stream = streams_->to_pod(agent.namespace_, agent.pod, agent.port, deadline);
  if (stream && tls) stream = start_tls(*std::move(stream), tls_.get(), "localhost", "its agent");
  if (!stream) return std::unexpected(stream.error());
  HttpReader reader(**stream);
  std::size_t answered = 0;
  for (const AgentQuestion& question : questions) {
    const HttpGet get{
        .host = "localhost", .target = question.target, .fields = {{"Accept", "application/json"}}};
    if (auto sent = (*stream)->write(request_text(get)); !sent) {
      return std::unexpected(sent.error());
    }
    const auto head = reader.head();
    if (!head) return std::unexpected(head.error());
    if (wants_tls(*head, tls) && answered == 0) return std::size_t{0};
    if (head->status != 200) return not_answered(reader, *head);
    question.on_begin();
    if (auto done = reader.body(*head, kLongestAgentAnswer, question.on_body); !done) {
      return std::unexpected(done.error());
    }
    ++answered;
    if (!stays_open(*head)) break;
  }
  return answered;
}

Result<> AgentClient::attempt(const AgentPlace& agent, const std::vector<AgentQuestion>& questions,
                              SteadyTime deadline) const {
  std::span<const AgentQuestion> left = questions;
  bool tls = false;
  while (!left.empty()) {
    const auto answered = ask_over(agent, left, tls, deadline);
    if (!answered) return std::unexpected(answered.error());
    if (*answered == 0) tls = true;
    left = left.subspan(*answered);
  }
  return {};
}

Result<> AgentClient::ask(const AgentPlace& agent,
                          const std::vector<AgentQuestion>& questions) const {
  Backoff backoff;
  for (int attempts = 1;; ++attempts) {
    auto done = attempt(agent, questions, steady_now() + patience_);
    const bool busy = !done && done.error().reason == Reason::exhausted;
    if (!busy || attempts >= kAttemptsAtAgent) return done;
    std::this_thread::sleep_for(backoff.next(random_share()));
  }
}

}  // namespace hostnet
