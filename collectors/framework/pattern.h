#pragma once

// Regular expressions from flags, such as --collector.netdev.device-exclude.
// Unanchored, as in node_exporter.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/framework/collector.h"
#include "netlink/base/error.h"

namespace hostnet {

// A compiled expression, ECMAScript syntax without back references. Matching
// takes time polynomial in the text, so no pattern can hang a scrape. Caches its
// answers (a bounded number), because the same names return with every scrape: one
// owner, not thread safe.
class Pattern {
 public:
  // Reason::malformed names `flag` when the pattern is not a valid expression or is longer
  // than 4096 bytes.
  static Result<Pattern> compile(std::string_view flag, std::string_view pattern);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern();

  bool found_in(std::string_view text) const;  // false for texts above 4096 bytes

 private:
  struct Compiled;
  explicit Pattern(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

// Selects the devices that a collector shows: "<collector>.device-include" and
// "<collector>.device-exclude", at most one of them set; with neither, all.
class DeviceFilter {
 public:
  // Keeps everything.
  DeviceFilter() = default;
  static Result<DeviceFilter> from_options(const CollectorOptions& options,
                                           std::string_view collector);
  static Result<DeviceFilter> make(std::string_view include_flag, std::string_view include,
                                   std::string_view exclude_flag, std::string_view exclude);
  bool keeps(std::string_view device) const {
    return (!include_ || include_->found_in(device)) && (!exclude_ || !exclude_->found_in(device));
  }

 private:
  std::optional<Pattern> include_, exclude_;
};

}  // namespace hostnet
