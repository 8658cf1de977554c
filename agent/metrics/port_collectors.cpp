#include "agent/metrics/port_collectors.h"

#include <string>
#include <utility>

#include "agent/metrics/port_families.h"

namespace hostnet {
namespace {

using FamiliesOfReport = std::function<std::vector<MetricSource>(const Report&)>;

}  // namespace

std::vector<ProvidedCollector> port_collectors(
    const std::function<std::shared_ptr<const Report>()>& report,
    const std::shared_ptr<ListenerLedger>& ledger,
    const std::function<bool(std::string_view name, bool by_default)>& enabled) {
  const auto collector = [&](std::string_view name, bool by_default, FamiliesOfReport families) {
    return ProvidedCollector{
        .name = std::string(name),
        .enabled = enabled(name, by_default),
        .collect = [report, ledger,
                    families = std::move(families)](Scrape&) -> Result<std::vector<MetricSource>> {
          const auto latest = report();
          if (!latest) {
            return failure(Reason::unsupported, "the ports have not been looked at yet");
          }
          ledger->update(*latest);
          return families(*latest);
        }};
  };
  std::vector<ProvidedCollector> collectors;
  collectors.push_back(collector("listener_info", false,
                                 [ledger](const Report&) { return ledger->info_families(); }));
  collectors.push_back(collector("listeners", true,
                                 [ledger](const Report&) { return ledger->listener_families(); }));
  collectors.push_back(collector("ports", true, [ledger](const Report& latest) {
    auto families = port_families(latest);
    for (auto& family : ledger->count_families()) families.push_back(std::move(family));
    return families;
  }));
  return collectors;
}

}  // namespace hostnet
