#pragma once

// How /metrics leaves: a writer of our own, because prometheus-cpp's prints
// other text than promhttp, slower, and needs every family in memory at once.

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

// The format that an Accept header prefers (RFC 9110 section 12.5.1, q-values
// included; the earlier one of equals). An absent header, an unknown type or an
// unknown version gets text, as promhttp has it.
ExpositionFormat negotiate(std::string_view accept);

// Takes the page in pieces of about 64 KiB; false ends the writing.
using ExpositionSink = std::function<bool(std::string_view)>;

// What became of a page. Whatever could make a page that Prometheus refuses is
// left out of it and told here; `problems` has the first of them in words.
struct ExpositionResult {
  bool complete{};             // the sink took everything
  std::uint64_t series{};      // samples of gauges and counters, histograms counted as one
  std::uint64_t duplicates{};  // same name and labels as an earlier one, left out
  std::uint64_t invalid{};     // name or label name that Prometheus refuses, type clash
  std::vector<std::string> problems;
};

// Writes every source, those of one name merged into one family (the first
// one's help and type hold), families by name, samples by label values. Fills
// one family at a time: memory is that of the largest family plus 64 KiB.
// Label values that are no UTF-8 have the offending bytes replaced by U+FFFD; of
// two that differ only in them the second is a duplicate.
// Any thread; never throws but std::bad_alloc.
ExpositionResult write_exposition(std::vector<const MetricSource*> sources, ExpositionFormat format,
                                  const ExpositionSink& sink);
ExpositionResult write_exposition(std::span<const MetricSource> sources, ExpositionFormat format,
                                  const ExpositionSink& sink);

// The number as the formats spell it: 916354, 5.577791e+06, 1e-05, +Inf, NaN;
// OpenMetrics adds ".0" to what would be an integer. Appends to `out`.
void append_value(TextBuffer& out, double value, ExpositionFormat format);

}  // namespace hostnet
