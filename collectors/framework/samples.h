#pragma once

// The samples of one family while it is written: three arrays that keep their capacity
// from family to family. A thousand devices cost 50 KB here; as
// prometheus::ClientMetric they would cost ten times that and three allocations
// each.

#include <prometheus/client_metric.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hostnet {

using LabelView = std::pair<std::string_view, std::string_view>;

class Samples {
 public:
  // Copies the texts in their final form: U+FFFD already replaces what is not UTF-8, so
  // that values that become the same text are found to be equal. Labels may be in any
  // order and are kept by name.
  void add(std::span<const LabelView> labels, double value, std::int64_t timestamp_ms = 0) {
    add_sample_at(labels, value, timestamp_ms, kNoDistribution);
  }
  // A histogram or summary: the metric at `place` in its family.
  void add_distribution(std::span<const LabelView> labels, std::size_t place,
                        std::int64_t timestamp_ms) {
    add_sample_at(labels, 0, timestamp_ms, static_cast<std::uint32_t>(place));
  }
  // Adds the samples at these places of another object; none may be a distribution.
  void add_from(const Samples& from, std::span<const std::uint32_t> places);
  void clear();

  // The functions below take positions, 0 to size() - 1, in the order of adding.
  std::size_t size() const { return samples_.size(); }
  double value(std::size_t at) const { return samples_[at].value; }
  std::int64_t timestamp_ms(std::size_t at) const { return samples_[at].timestamp_ms; }
  std::size_t distribution(std::size_t at) const { return samples_[at].distribution; }
  std::size_t labels(std::size_t at) const { return names_of(at).names.size(); }
  std::string_view label_name(std::size_t at, std::size_t label) const {
    return names_of(at).names[label];
  }
  std::string_view label_value(std::size_t at, std::size_t label) const {
    const Piece& piece = values_[samples_[at].first_value + label];
    return std::string_view(text_).substr(piece.begin, piece.size);
  }
  // A label name that no parser accepts, or that occurs twice.
  const std::optional<std::string>& bad_name(std::size_t at) const { return names_of(at).bad; }
  // promhttp's order: fewer labels first, then the values of the labels in name
  // order. Names only decide between samples that are otherwise equal.
  int compare(std::size_t a, std::size_t b) const;

 private:
  static constexpr std::uint32_t kNoDistribution = ~std::uint32_t{};
  struct Sample {
    double value;
    std::int64_t timestamp_ms;
    std::uint32_t first_value;
    std::uint32_t names;
    std::uint32_t distribution;
  };
  struct Piece {
    std::uint32_t begin, size;  // in text_
  };
  // The label names of samples: nearly always one set for a whole family.
  struct Names {
    std::vector<std::string> given;  // in their original order
    std::vector<std::size_t> order;  // positions in `given`, sorted by name
    std::vector<std::string> names;  // sorted
    std::optional<std::string> bad;
  };
  const Names& names_of(std::size_t at) const { return names_[samples_[at].names]; }
  void add_sample_at(std::span<const LabelView> labels, double value, std::int64_t timestamp_ms,
                     std::uint32_t distribution);
  std::uint32_t names_for(std::span<const LabelView> labels);

  std::vector<Sample> samples_;
  std::vector<Piece> values_;
  std::string text_;
  std::vector<Names> names_;
};

}  // namespace hostnet
