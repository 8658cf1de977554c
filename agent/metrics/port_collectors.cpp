#include "agent/metrics/port_collectors.h"

#include <array>
#include <string>
#include <utility>

#include "agent/metrics/port_families.h"

namespace hostnet {
namespace {

using FamiliesOfReport = std::function<std::vector<MetricSource>(const Report&)>;

constexpr std::array kNetworkChangesFlags{
    CollectorFlag{.name = "network_changes.neighbours",
                  .kind = CollectorFlag::Kind::boolean,
                  .default_value = "false",
                  .help = "also count changes of neighbours, including every state transition"},
};

constexpr std::array kRows{
    PortCollectorRow{"listener_info", "who holds each listener; names processes", false, {}},
    PortCollectorRow{
        "listeners", "accept queues of TCP listeners and drops of UDP sockets", true, {}},
    PortCollectorRow{
        "ports", "findings, declared ports, listening sockets, the pod source", true, {}},
    PortCollectorRow{"network_changes",
                     "changes of links, addresses, routes and rules, counted as they happen", true,
                     kNetworkChangesFlags},
    PortCollectorRow{
        "ephemeral_ports",
        "ephemeral ports in use by local address; walks all sockets, with at most 1% of a CPU",
        true,
        {}},
};

}  // namespace

std::span<const PortCollectorRow> port_collector_rows() {
  return kRows;
}

std::vector<ProvidedCollector> port_collectors(
    const std::function<std::shared_ptr<const Report>()>& report,
    const std::shared_ptr<ListenerLedger>& ledger,
    const std::function<bool(std::string_view name, bool by_default)>& enabled) {
  const auto collector = [&](const PortCollectorRow& row, FamiliesOfReport families) {
    return ProvidedCollector{
        .name = std::string(row.name),
        .enabled = enabled(row.name, row.enabled_by_default),
        .collect = [report, ledger,
                    families = std::move(families)](Scrape&) -> Result<std::vector<MetricSource>> {
          const auto latest = report();
          if (!latest) {
            return failure(Reason::unsupported, "the first scan has not finished");
          }
          ledger->update(*latest);
          return families(*latest);
        }};
  };
  std::vector<ProvidedCollector> collectors;
  collectors.push_back(
      collector(kRows[0], [ledger](const Report&) { return ledger->info_families(); }));
  collectors.push_back(
      collector(kRows[1], [ledger](const Report&) { return ledger->listener_families(); }));
  collectors.push_back(collector(kRows[2], [ledger](const Report& latest) {
    auto families = port_families(latest);
    for (auto& family : ledger->count_families()) families.push_back(std::move(family));
    return families;
  }));
  return collectors;
}

}  // namespace hostnet
