#include "agent/serve/server_watch.h"

#include <utility>

namespace hostnet {

void ServerWatch::see() {
  ServerStats now = server_.stats();
  metrics_.http_connections(now.open);
  metrics_.http_connections_dropped("limit", now.evicted - seen_.evicted);
  metrics_.http_connections_dropped("slow_reader", now.cut - seen_.cut);
  metrics_.http_connections_dropped("timeout", now.timed_out - seen_.timed_out);
  metrics_.http_connections_dropped("tls", now.tls_failures - seen_.tls_failures);
  seen_ = std::move(now);
}

}  // namespace hostnet
