#include "collectors/framework/runner.h"

#include "collectors/framework/runner_state.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {

CollectorRunner::CollectorRunner(std::shared_ptr<State> state) : state_(std::move(state)) {}

CollectorRunner::~CollectorRunner() {
  state_->stop();
}

Result<std::unique_ptr<CollectorRunner>> CollectorRunner::create(
    std::shared_ptr<const Node> node, std::span<const Collector> table,
    const std::function<bool(const Collector&)>& enabled, const CollectorOptions& options,
    std::vector<ProvidedCollector> provided, RunnerSettings settings) {
  std::vector<CollectorSlot> slots;
  std::vector<std::string> disabled;
  for (const Collector& collector : table) {
    if (!enabled(collector)) {
      disabled.emplace_back(collector.name);
      continue;
    }
    auto collect = collector.make(options);
    if (!collect) return std::unexpected(std::move(collect).error());
    slots.push_back({std::string(collector.name), std::move(*collect), false});
  }
  for (ProvidedCollector& own : provided) {
    if (own.enabled) {
      slots.push_back({std::move(own.name), std::move(own.collect), false});
    } else {
      disabled.push_back(std::move(own.name));
    }
  }
  if (!settings.read_links) {
    settings.read_links = [](const Node& of) { return read_links(*of.netlink); };
  }
  auto state = std::make_shared<State>(std::move(node), std::move(slots), std::move(disabled),
                                       std::move(settings));
  if (auto started = state->start(); !started) {
    return std::unexpected(std::move(started).error());
  }
  return std::unique_ptr<CollectorRunner>(new CollectorRunner(std::move(state)));
}

CollectedFamilies CollectorRunner::collect(const CollectorFilter& filter,
                                           std::chrono::nanoseconds budget,
                                           std::function<void()> while_waiting) {
  return state_->collect(filter, budget, std::move(while_waiting));
}

std::vector<std::string> CollectorRunner::enabled() const {
  std::vector<std::string> names;
  for (const CollectorSlot& slot : state_->slots()) names.push_back(slot.name);
  return names;
}

std::size_t CollectorRunner::abandoned() const {
  return state_->abandoned();
}

}  // namespace hostnet
