#pragma once

// The agent's HTTP interface: one handler per path,
// each a rendering of the newest report.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/findings/check.h"
#include "agent/findings/report.h"
#include "agent/http/message/http.h"
#include "agent/network/network.h"
#include "agent/render/history.h"
#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// Where the handlers get their facts. Called from any worker thread.
struct Answers {
  // Null before anything is known; without findings and incomplete until ready().
  std::function<std::shared_ptr<const Report>()> report;
  std::function<bool()> ready;  // the first scan is finished
  // One fresh scan, an answer for each.
  std::function<std::vector<CheckAnswer>(std::span<const CheckQuery>)> check;
  std::function<History()> history;
  std::function<std::vector<BindEvent>()> binds;  // as the kernel reported them
  // The newest report with a fresh scan of every socket of one port.
  std::function<std::shared_ptr<const Report>(std::uint16_t)> port;
  // Fresh reads of the network.
  std::function<Interfaces(const InterfaceFilter&)> interfaces;
  std::function<Routes(const RouteFilter&)> network_routes;
  // Why the agent is unhealthy; unset: it is healthy.
  std::function<std::optional<std::string>()> illness;
  HttpHandler metrics;
  std::string telemetry_path;
};

std::vector<HttpRoute> routes(const Answers& answers);

// Why the metrics cannot be at this path; unset: they can. "/" replaces the overview page.
std::optional<std::string> why_no_telemetry_path(const std::string& path);

}  // namespace hostnet
