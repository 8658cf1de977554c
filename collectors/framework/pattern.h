#pragma once

// Regular expressions from flags: --collector.netdev.device-exclude and its
// kin. Unanchored, as node_exporter's are.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/framework/collector.h"
#include "netlink/base/error.h"

namespace hostnet {

// A compiled expression, ECMAScript syntax without back references. Matching
// takes time polynomial in the text, so no pattern can hang a scrape. Remembers
// its answers (a bounded number), because names come again with every scrape:
// one owner, not thread safe.
class Pattern {
 public:
  // Reason::malformed names `flag` when the pattern is no expression or is
  // longer than 4096 bytes.
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

// Which devices a collector shows: "<collector>.device-include" and
// "<collector>.device-exclude", at most one of them set; neither keeps all.
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
