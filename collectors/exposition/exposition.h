#pragma once

// Renders /metrics: our own writer, because prometheus-cpp's text differs from
// promhttp's, is slower, and needs every family in memory at once.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/framework/collector.h"
#include "collectors/framework/text_buffer.h"

namespace hostnet {

enum class ExpositionFormat {
  text,         // Prometheus text 0.0.4, byte for byte as promhttp renders it
  openmetrics,  // OpenMetrics 1.0
};

// "text/plain; version=0.0.4; charset=utf-8" or
// "application/openmetrics-text; version=1.0.0; charset=utf-8".
std::string_view content_type(ExpositionFormat format);

// The format that an Accept header prefers (RFC 9110 section 12.5.1, with q-values;
// the first of equals). A missing header, an unknown type or an unknown version gets
// text, as in promhttp.
ExpositionFormat negotiate(std::string_view accept);

// Receives the page in pieces of about 64 KiB; false stops the writing.
using ExpositionSink = std::function<bool(std::string_view)>;

// The result of writing a page. Samples that could make Prometheus reject the page are
// left out and counted here; `problems` describes the first of them.
struct ExpositionResult {
  bool complete{};             // the sink accepted everything
  std::uint64_t series{};      // samples of gauges and counters, histograms counted as one
  std::uint64_t duplicates{};  // same name and labels as an earlier one, left out
  std::uint64_t invalid{};     // name or label name that Prometheus rejects, type clash
  std::vector<std::string> problems;
};

// Writes every source, those of one name merged into one family (with the help and
// type of the first), families by name, samples by label values. Builds one family at a
// time: memory is that of the largest family plus 64 KiB. In label values that are not
// UTF-8, U+FFFD replaces the invalid bytes; if two then become equal, the second is a
// duplicate. Any thread; throws nothing but std::bad_alloc.
ExpositionResult write_exposition(std::vector<const MetricSource*> sources, ExpositionFormat format,
                                  const ExpositionSink& sink);
ExpositionResult write_exposition(std::span<const MetricSource> sources, ExpositionFormat format,
                                  const ExpositionSink& sink);

// The number as the formats spell it: 916354, 5.577791e+06, 1e-05, +Inf, NaN;
// OpenMetrics adds ".0" to an integer. Appends to `out`.
void append_value(TextBuffer& out, double value, ExpositionFormat format);

}  // namespace hostnet
