#pragma once

#include <memory>

#include "agent/http/http_server.h"
#include "agent/serve/daemon.h"
#include "agent/serve/daemon_state.h"
#include "netlink/node/node.h"

namespace hostnet {

// Answers requests from `state` from now on. The error says who holds a port that is taken,
// which a scan of `node` finds.
Result<std::unique_ptr<HttpServer>> start_server(const std::shared_ptr<DaemonState>& state,
                                                 const ServeOptions& options,
                                                 const std::shared_ptr<const Node>& node);

}  // namespace hostnet
