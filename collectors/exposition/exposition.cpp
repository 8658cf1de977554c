#include "collectors/exposition/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "collectors/framework/exposition_text.h"
#include "collectors/framework/metric_name.h"
#include "collectors/framework/samples.h"

namespace hostnet {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::size_t kChunk = std::size_t{64} * 1024;
constexpr std::size_t kProblemsKept = 8;

std::string_view type_name(MetricType type, ExpositionFormat format) {
  switch (type) {
    case MetricType::Counter: return "counter";
    case MetricType::Gauge: return "gauge";
    case MetricType::Summary: return "summary";
    case MetricType::Histogram: return "histogram";
    case MetricType::Untyped: break;
  }
  return format == ExpositionFormat::openmetrics ? "unknown" : "untyped";
}

bool is_distribution(MetricType type) {
  return type == MetricType::Histogram || type == MetricType::Summary;
}

class ExpositionWriter {
 public:
  ExpositionWriter(ExpositionFormat format, const ExpositionSink& sink)
      : format_(format), sink_(sink) {}

  bool write_family(std::span<const MetricSource* const> sources, bool base_name_taken);
  ExpositionResult finish();
  void refuse(std::string problem, std::uint64_t ExpositionResult::* counter) {
    ++(result_.*counter);
    if (result_.problems.size() < kProblemsKept) result_.problems.push_back(std::move(problem));
  }

 private:
  bool openmetrics() const { return format_ == ExpositionFormat::openmetrics; }
  void take_samples(const MetricSource& source);
  void order_samples();
  void write_head(MetricType type);
  void write_sample(std::size_t at);
  void write_distribution(std::size_t at);
  void write_line(std::size_t at, std::string_view suffix, std::string_view extra_name,
                  double extra_value, double value, bool is_count);
  bool flush();

  ExpositionFormat format_;
  const ExpositionSink& sink_;
  TextBuffer buffer_{kChunk + 4096};
  MetricFamily family_;
  Samples samples_;
  std::vector<LabelView> views_;
  std::vector<std::size_t> order_;  // positions in samples_
  ExpositionResult result_;
  bool open_{true};
};

// Adds the source's samples to samples_. For a histogram only the labels: the rest
// stays in family_.
void ExpositionWriter::take_samples(const MetricSource& source) {
  if (source.stream) return source.stream(samples_);
  const std::size_t known = family_.metric.size();
  source.fill(family_);
  for (std::size_t i = known; i < family_.metric.size(); ++i) {
    const ClientMetric& metric = family_.metric[i];
    views_.clear();
    for (const auto& label : metric.label) views_.emplace_back(label.name, label.value);
    samples_.add_distribution(views_, i, metric.timestamp_ms);
  }
}

// Writes the sorted positions of the samples to order_, without duplicates and without
// samples whose label names no parser accepts. Most families are already sorted, which
// the first pass detects.
void ExpositionWriter::order_samples() {
  order_.clear();
  order_.reserve(samples_.size());
  bool ascending = true;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    if (const auto& bad = samples_.bad_name(i)) {
      refuse(fmt::format("{}: label name \"{}\" cannot be written", family_.name, *bad),
             &ExpositionResult::invalid);
      continue;
    }
    if (!order_.empty() && samples_.compare(order_.back(), i) >= 0) ascending = false;
    order_.push_back(i);
  }
  if (ascending) return;
  // Among equals the first stays first.
  std::ranges::sort(order_, [&](std::size_t a, std::size_t b) {
    const int order = samples_.compare(a, b);
    return order != 0 ? order < 0 : a < b;
  });
  std::optional<std::size_t> last;
  std::erase_if(order_, [&](std::size_t at) {
    if (!last || samples_.compare(*last, at) != 0) {
      last = at;
      return false;
    }
    std::string labels;
    for (std::size_t i = 0; i < samples_.labels(at); ++i) {
      labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", samples_.label_name(at, i),
                            samples_.label_value(at, i));
    }
    refuse(fmt::format("{}{{{}}} came twice", family_.name, labels), &ExpositionResult::duplicates);
    return true;
  });
}

bool ExpositionWriter::write_family(std::span<const MetricSource* const> sources,
                                    bool base_name_taken) {
  const MetricSource& first = *sources.front();
  family_.name = first.name;
  family_.help = first.help;
  family_.type = first.type;
  family_.metric.clear();
  samples_.clear();
  if (!is_metric_name(first.name)) {
    refuse(fmt::format("metric name \"{}\" cannot be written", first.name),
           &ExpositionResult::invalid);
    return true;
  }
  for (const MetricSource* source : sources) {
    if (source->type == first.type) {
      take_samples(*source);
    } else {
      refuse(fmt::format("{} is a {} and a {}", first.name, type_name(first.type, format_),
                         type_name(source->type, format_)),
             &ExpositionResult::invalid);
    }
  }
  order_samples();
  if (order_.empty()) return true;

  // OpenMetrics counters are named without _total, their samples with it; a counter
  // without that suffix, or whose base name is taken, is of unknown type.
  MetricType type = first.type;
  if (openmetrics() && type == MetricType::Counter &&
      (!first.name.ends_with("_total") || base_name_taken)) {
    type = MetricType::Untyped;
  }
  write_head(type);
  for (const std::size_t at : order_) {
    write_sample(at);
    if (buffer_.size() >= kChunk && !flush()) return false;
  }
  result_.series += order_.size();
  return true;
}

void ExpositionWriter::write_head(MetricType type) {
  std::string_view name = family_.name;
  if (openmetrics() && type == MetricType::Counter) name.remove_suffix(6);
  buffer_ += "# HELP ";
  buffer_ += name;
  buffer_ += ' ';
  append_escaped(buffer_, family_.help, openmetrics());
  buffer_ += "\n# TYPE ";
  buffer_ += name;
  buffer_ += ' ';
  buffer_ += type_name(type, format_);
  buffer_ += '\n';
}

void ExpositionWriter::write_sample(std::size_t at) {
  if (is_distribution(family_.type)) {
    write_distribution(at);
  } else {
    write_line(at, "", "", 0, samples_.value(at), false);
  }
}

void ExpositionWriter::write_distribution(std::size_t at) {
  const ClientMetric& metric = family_.metric[samples_.distribution(at)];
  const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
  if (family_.type == MetricType::Summary) {
    for (const auto& quantile : metric.summary.quantile) {
      write_line(at, "", "quantile", quantile.quantile, quantile.value, false);
    }
    write_line(at, "_sum", "", 0, metric.summary.sample_sum, false);
    write_line(at, "_count", "", 0, count(metric.summary.sample_count), true);
    return;
  }
  bool infinite = false;
  for (const auto& bucket : metric.histogram.bucket) {
    infinite = infinite || std::isinf(bucket.upper_bound);
    write_line(at, "_bucket", "le", bucket.upper_bound, count(bucket.cumulative_count), true);
  }
  if (!infinite) {
    write_line(at, "_bucket", "le", std::numeric_limits<double>::infinity(),
               count(metric.histogram.sample_count), true);
  }
  write_line(at, "_sum", "", 0, metric.histogram.sample_sum, false);
  write_line(at, "_count", "", 0, count(metric.histogram.sample_count), true);
}

// One line. In OpenMetrics a count is an integer, everything else a float.
void ExpositionWriter::write_line(std::size_t at, std::string_view suffix,
                                  std::string_view extra_name, double extra_value, double value,
                                  bool is_count) {
  buffer_ += family_.name;
  buffer_ += suffix;
  char separator = '{';
  for (std::size_t i = 0; i < samples_.labels(at); ++i) {
    buffer_ += separator;
    buffer_ += samples_.label_name(at, i);
    buffer_ += "=\"";
    append_escaped(buffer_, samples_.label_value(at, i), true);
    buffer_ += '"';
    separator = ',';
  }
  if (!extra_name.empty()) {
    buffer_ += separator;
    buffer_ += extra_name;
    buffer_ += "=\"";
    append_value(buffer_, extra_value, format_);
    buffer_ += '"';
    separator = ',';
  }
  if (separator == ',') buffer_ += '}';
  buffer_ += ' ';
  if (is_count && openmetrics()) {
    buffer_ += fmt::format_int(static_cast<std::uint64_t>(value)).c_str();
  } else {
    append_value(buffer_, value, format_);
  }
  if (const std::int64_t timestamp = samples_.timestamp_ms(at); timestamp != 0) {
    buffer_ += ' ';
    if (openmetrics()) {
      append_value(buffer_, static_cast<double>(timestamp) / 1000, format_);
    } else {
      buffer_ += fmt::format_int(timestamp).c_str();
    }
  }
  buffer_ += '\n';
}

bool ExpositionWriter::flush() {
  if (open_ && !buffer_.empty()) open_ = sink_(buffer_.text());
  buffer_.clear();
  return open_;
}

ExpositionResult ExpositionWriter::finish() {
  if (openmetrics()) buffer_ += "# EOF\n";
  flush();
  result_.complete = open_;
  return std::move(result_);
}

}  // namespace

ExpositionResult write_exposition(std::span<const MetricSource> sources, ExpositionFormat format,
                                  const ExpositionSink& sink) {
  std::vector<const MetricSource*> pointers;
  pointers.reserve(sources.size());
  for (const MetricSource& source : sources) pointers.push_back(&source);
  return write_exposition(std::move(pointers), format, sink);
}

ExpositionResult write_exposition(std::vector<const MetricSource*> sources, ExpositionFormat format,
                                  const ExpositionSink& sink) {
  // Sorted by name; equal names stay in their original order.
  std::vector<std::pair<std::string_view, std::size_t>> order;
  order.reserve(sources.size());
  for (const MetricSource* source : sources) order.emplace_back(source->name, order.size());
  std::ranges::sort(order);
  const auto name_of = [](const auto& entry) { return entry.first; };

  ExpositionWriter writer(format, sink);
  std::vector<const MetricSource*> family;
  for (std::size_t i = 0; i < order.size();) {
    const std::string_view name = order[i].first;
    family.clear();
    for (; i < order.size() && order[i].first == name; ++i) {
      family.push_back(sources[order[i].second]);
    }
    const bool taken =
        name.ends_with("_total") &&
        std::ranges::binary_search(order, name.substr(0, name.size() - 6), {}, name_of);
    if (!writer.write_family(family, taken)) break;
  }
  return writer.finish();
}

}  // namespace hostnet
