#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "agent/findings/report.h"
#include "agent/metrics/listener_ledger.h"
#include "collectors/framework/runner.h"

namespace hostnet {

// The agent's own collectors, as rows for flags and documents.
struct PortCollectorRow {
  std::string_view name, help;
  bool enabled_by_default{};
  std::span<const CollectorFlag> flags;
};
std::span<const PortCollectorRow> port_collector_rows();

// The collectors about ports. `report` returns the latest report (null before the
// first: they then return nothing, with success 0); `enabled(name, by_default)`
// decides which are on. The watch passes every report to the ledger; a scrape does
// too, so that it is never behind the page.
std::vector<ProvidedCollector> port_collectors(
    const std::function<std::shared_ptr<const Report>()>& report,
    const std::shared_ptr<ListenerLedger>& ledger,
    const std::function<bool(std::string_view name, bool by_default)>& enabled);

}  // namespace hostnet
