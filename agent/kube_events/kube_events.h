#pragma once

// The thread that tells the cluster what was found: --report.events,
// --report.node-condition, --report.node-labels.

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
  std::chrono::milliseconds retry{800};  // the first pause after a failure: see Backoff
  // Makes a connection's client; `timing` is what its requests may take.
  std::function<std::unique_ptr<KubeSender>(KubeTiming timing)> client;
  std::function<void()> on_thread;  // called first on the thread of KubeEvents
  // Both on the thread of KubeEvents. `what`: "events", "node_condition", "node_labels".
  // A request failed.
  std::function<void(std::string_view what, Reason reason)> on_failure;
  // It began to fail, fails in another way, or ("") works again.
  std::function<void(std::string_view what, const std::string& problem)> on_change;
};

class KubeEvents {
 public:
  explicit KubeEvents(KubeEventsSettings settings);
  // Ends the request at hand, and takes a True condition back: within 3 s, or not.
  // A thread that does not come back within 5 s is abandoned. No callback comes
  // after it.
  ~KubeEvents();
  KubeEvents(const KubeEvents&) = delete;
  KubeEvents& operator=(const KubeEvents&) = delete;

  // The newest report; never waits. Any thread.
  void see(std::shared_ptr<const Report> report);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  Worker worker_{"kube events"};
};

}  // namespace hostnet
