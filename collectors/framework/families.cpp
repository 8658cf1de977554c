#include "collectors/framework/families.h"

namespace hostnet {
void add_sample(Samples& samples, std::initializer_list<LabelView> labels, double value) {
  samples.add({labels.begin(), labels.size()}, value);
}

void add_sample(Samples& samples, const std::vector<prometheus::ClientMetric::Label>& labels,
                double value) {
  std::vector<LabelView> views;
  views.reserve(labels.size());
  for (const auto& label : labels) views.emplace_back(label.name, label.value);
  samples.add(views, value);
}

std::string joined(std::initializer_list<std::string_view> pieces) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

MetricSource single(std::string name, std::string help, prometheus::MetricType type, double value) {
  return {std::move(name),
          std::move(help),
          type,
          [value](Samples& samples) { samples.add({}, value); },
          {}};
}

MetricSource live_source(std::string collector, std::string source) {
  return {"hostnet_collector_source",
          "Where a collector that has several sources reads from right now.",
          kGauge,
          [collector = std::move(collector), source = std::move(source)](Samples& samples) {
            add_sample(samples, {{"collector", collector}, {"source", source}}, 1);
          },
          {}};
}

void FamilyList::add(std::string_view name, std::string_view help, prometheus::MetricType type,
                     std::initializer_list<LabelView> labels, double value) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(std::string(name), Family{std::string(help), type, {}}).first;
  }
  found->second.samples.push_back(static_cast<std::uint32_t>(samples_.size()));
  add_sample(samples_, labels, value);
}

std::vector<MetricSource> FamilyList::take() {
  const auto all = std::make_shared<const Samples>(std::move(samples_));
  samples_ = {};
  std::vector<MetricSource> sources;
  sources.reserve(families_.size());
  for (auto& [name, family] : families_) {
    auto stream = [all, chosen = std::move(family.samples)](Samples& out) {
      out.add_from(*all, chosen);
    };
    sources.push_back({name, std::move(family.help), family.type, std::move(stream), {}});
  }
  families_.clear();
  return sources;
}

}  // namespace hostnet
