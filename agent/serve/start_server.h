#pragma once

#include <memory>

#include "agent/http/http_server.h"
#include "agent/serve/daemon.h"
#include "agent/serve/daemon_state.h"
#include "netlink/node/node.h"

namespace hostnet {

// Starts to answer requests from `state`. For a port that is taken, the error says who holds
// it, found by a scan of `node`.
Result<std::unique_ptr<HttpServer>> start_server(const std::shared_ptr<DaemonState>& state,
                                                 const ServeOptions& options,
                                                 const std::shared_ptr<const Node>& node);

}  // namespace hostnet
