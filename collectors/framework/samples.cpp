#include "collectors/framework/samples.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "collectors/framework/exposition_text.h"
#include "collectors/framework/metric_name.h"

namespace hostnet {
namespace {

constexpr std::size_t kNamesKept = 8;

bool same_names(const std::vector<std::string>& names, std::span<const LabelView> labels) {
  return std::ranges::equal(names, labels, {}, {}, &LabelView::first);
}

}  // namespace

void Samples::clear() {
  samples_.clear();
  values_.clear();
  text_.clear();
  // The next family most likely uses the same names.
  if (names_.size() > kNamesKept) names_.clear();
}

void Samples::add_from(const Samples& from, std::span<const std::uint32_t> places) {
  std::vector<LabelView> labels;
  for (const std::size_t at : places) {
    labels.clear();
    for (std::size_t i = 0; i < from.labels(at); ++i) {
      labels.emplace_back(from.label_name(at, i), from.label_value(at, i));
    }
    add(labels, from.value(at), from.timestamp_ms(at));
  }
}

std::uint32_t Samples::names_for(std::span<const LabelView> labels) {
  // The last sample's names, or those of an earlier one.
  for (std::size_t i = names_.size(); i > 0; --i) {
    if (same_names(names_[i - 1].given, labels)) return static_cast<std::uint32_t>(i - 1);
  }
  Names set;
  for (const auto& [name, value] : labels) set.given.emplace_back(name);
  set.order.resize(labels.size());
  std::iota(set.order.begin(), set.order.end(), std::size_t{0});
  // Not stable_sort: clang rejects libstdc++'s, which uses a function deprecated in C++17.
  std::ranges::sort(set.order, {}, [&](std::size_t at) {
    return std::pair<std::string_view, std::size_t>(set.given[at], at);
  });
  for (const std::size_t at : set.order) set.names.push_back(set.given[at]);
  const auto bad = std::ranges::find_if_not(set.names, is_label_name);
  const auto twice = std::ranges::adjacent_find(set.names);
  if (bad != set.names.end()) {
    set.bad = *bad;
  } else if (twice != set.names.end()) {
    set.bad = *twice;
  }
  names_.push_back(std::move(set));
  return static_cast<std::uint32_t>(names_.size() - 1);
}

void Samples::add_sample_at(std::span<const LabelView> labels, double value,
                            std::int64_t timestamp_ms, std::uint32_t distribution) {
  const std::uint32_t names = names_for(labels);
  samples_.push_back({.value = value,
                      .timestamp_ms = timestamp_ms,
                      .first_value = static_cast<std::uint32_t>(values_.size()),
                      .names = names,
                      .distribution = distribution});
  for (const std::size_t at : names_[names].order) {
    const auto begin = static_cast<std::uint32_t>(text_.size());
    const std::string_view text = labels[at].second;
    if (is_ascii(text)) {
      text_ += text;
    } else {
      append_replaced(text_, text);
    }
    values_.push_back({begin, static_cast<std::uint32_t>(text_.size()) - begin});
  }
}

int Samples::compare(std::size_t a, std::size_t b) const {
  const std::size_t count = labels(a);
  if (count != labels(b)) return count < labels(b) ? -1 : 1;
  for (std::size_t i = 0; i < count; ++i) {
    if (const int order = label_value(a, i).compare(label_value(b, i)); order != 0) return order;
  }
  if (samples_[a].names == samples_[b].names) return 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (const int order = label_name(a, i).compare(label_name(b, i)); order != 0) return order;
  }
  return 0;
}

}  // namespace hostnet
