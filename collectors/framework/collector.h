#pragma once

// A collector turns the node's state into metric families when /metrics is scraped.
// It is a row in a table and a function, not a class: see collectors/README.md for
// how to add one.

#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/node/node.h"

namespace hostnet {

class Samples;

// One metric family that can be rendered later and more than once: `stream` adds
// its samples; only histograms and summaries have `fill` instead, which adds
// metrics to a family whose name, help and type are already set. They hold
// immutable facts by shared_ptr, so they can be used from any thread, long after
// the read. Families with the same name from several collectors are merged.
struct MetricSource {
  std::string name;  // full name, "node_network_up"; counters end in _total
  std::string help;
  prometheus::MetricType type{};
  std::function<void(Samples&)> stream;
  std::function<void(prometheus::MetricFamily&)> fill;
};

// The state shared by the collectors of one run: reads that several need happen once
// per scrape. Implemented by the runner and by tests.
class Scrape {
 public:
  virtual ~Scrape() = default;
  virtual const Node& node() const = 0;
  // The scrape's deadline; a collector with a long loop checks it.
  virtual SteadyTime deadline() const = 0;
  // One RTM_GETLINK dump per scrape, whichever collector needs it first, sorted by name
  // (so that families are in order); an error is shared too.
  virtual Result<std::shared_ptr<const std::vector<Link>>> links() = 0;
};

// One read. Reason::unsupported means "this machine does not have it" (no
// conntrack module, no InfiniBand): success 0 as in node_exporter, but not logged
// and not counted as an error. Problems with single devices are not errors: leave
// the device out, and log nothing.
using Collect = std::function<Result<std::vector<MetricSource>>(Scrape&)>;

// A command line flag of a collector: "--collector.netdev.device-exclude".
struct CollectorFlag {
  enum class Kind { boolean, text, texts };  // `texts` can be repeated
  std::string_view name;                     // without "--collector.": "netdev.device-exclude"
  Kind kind{};
  std::string_view default_value;  // "true"/"false" for booleans
  std::string_view help;
};

// The values of the flags; every declared flag is present.
class CollectorOptions {
 public:
  explicit CollectorOptions(std::map<std::string, std::vector<std::string>, std::less<>> values)
      : values_(std::move(values)) {}
  CollectorOptions() = default;
  bool boolean(std::string_view flag) const;
  const std::string& text(std::string_view flag) const;
  const std::vector<std::string>& texts(std::string_view flag) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

struct Collector {
  std::string_view name;  // = file name, flag, `collector` label, README row
  std::string_view help;
  bool enabled_by_default{};
  std::span<const CollectorFlag> flags;
  // Checks the options and returns the function that reads; the closure may keep state
  // between scrapes (it is never called concurrently). A bad option is
  // Reason::malformed and names the flag.
  Result<Collect> (*make)(const CollectorOptions& options);
};

}  // namespace hostnet
