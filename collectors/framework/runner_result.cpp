#include "collectors/framework/families.h"
#include "collectors/framework/runner_state.h"

namespace hostnet {

// Call with the lock held: a run that is not done still changes.
CollectedFamilies CollectorRunner::State::assemble(const CollectorFilter& filter,
                                                   const CollectorRun* run) const {
  CollectedFamilies collected;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!filter.wanted[i]) continue;
    if (run != nullptr && run->finished[i]) {
      collected.outcomes.push_back(run->finished[i]->outcome);
      if (run->finished[i]->sources) collected.parts.push_back(run->finished[i]->sources);
    } else {
      const std::string& name = slots_[i].name;
      collected.outcomes.push_back(
          {.name = name,
           .seconds = 0,
           .error = failure(Reason::timeout, name + ": did not finish in time").error()});
    }
  }
  auto outcomes = std::make_shared<const std::vector<CollectorOutcome>>(collected.outcomes);
  auto own = std::make_shared<std::vector<MetricSource>>();
  own->push_back(per_item("node_scrape_collector_duration_seconds",
                          "How long the collector took, without reads it shares with others.",
                          kGauge, outcomes, [](Samples& family, const CollectorOutcome& outcome) {
                            add_sample(family, {{"collector", outcome.name}}, outcome.seconds);
                          }));
  own->push_back(per_item("node_scrape_collector_success",
                          "Whether the collector gave its families: 0 when it failed, was late "
                          "or has nothing to read on this machine.",
                          kGauge, outcomes, [](Samples& family, const CollectorOutcome& outcome) {
                            add_sample(family, {{"collector", outcome.name}},
                                       outcome.success() ? 1 : 0);
                          }));
  collected.parts.push_back(std::move(own));
  return collected;
}

// Only for a run that is done, which no longer changes.
void CollectorRunner::State::observe(const CollectorRun& run) const {
  if (!settings_.observer) return;
  std::vector<CollectorOutcome> outcomes;
  for (const auto& finished : run.finished) {
    if (finished) outcomes.push_back(finished->outcome);
  }
  settings_.observer(outcomes, run.reads);
}

std::vector<const MetricSource*> CollectedFamilies::sources() const {
  std::vector<const MetricSource*> all;
  for (const auto& part : parts) {
    for (const MetricSource& source : *part) all.push_back(&source);
  }
  return all;
}

}  // namespace hostnet
