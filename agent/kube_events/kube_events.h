#pragma once

// The thread that reports findings to the cluster: --report.events, --report.node-condition,
// --report.node-labels.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/findings/report.h"
#include "agent/kube/kube_client.h"
#include "netlink/base/error.h"
#include "netlink/base/worker.h"

namespace hostnet {

struct KubeEventsSettings {
  bool events{}, node_condition{}, node_labels{};
  bool remove_labels_at_end{};  // else they outlive the agent: an upgrade leaves no gap
  std::string node_name;
  std::chrono::milliseconds retry{800};  // the first delay after a failure: see Backoff
  // Creates a client for a connection; `timing` limits its requests.
  std::function<std::unique_ptr<KubeSender>(KubeTiming timing)> client;
  std::function<void()> on_thread;  // called first on the thread of KubeEvents
  // Both on the thread of KubeEvents. `what`: "events", "node_condition", "node_labels".
  // A request failed.
  std::function<void(std::string_view what, Reason reason)> on_failure;
  // Requests began to fail, fail in another way, or ("") work again.
  std::function<void(std::string_view what, const std::string& problem)> on_change;
};

class KubeEvents {
 public:
  explicit KubeEvents(KubeEventsSettings settings);
  // Cancels the current request and resets a True condition, if possible within 3 s. A thread that
  // does not end within 5 s is abandoned. No callback is called after it.
  ~KubeEvents();
  KubeEvents(const KubeEvents&) = delete;
  KubeEvents& operator=(const KubeEvents&) = delete;

  // Takes the newest report; never blocks. Any thread.
  void see(std::shared_ptr<const Report> report);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  Worker worker_{"kube events"};
};

}  // namespace hostnet
