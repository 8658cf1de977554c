#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/document/value.h"
#include "agent/verdicts/verdict.h"
#include "netlink/base/error.h"

namespace hostnet {

// Where in a configuration we are, for messages that name file, line and key:
// "policy.yaml:3: reserved_ports: "x" is not a port". Refers to its arguments.
class ConfigPlace {
 public:
  ConfigPlace(std::string_view file, std::string_view key) : file_(file), key_(key) {}

  std::unexpected<Error> wrong_at(unsigned line, std::string_view what) const;
  std::unexpected<Error> wrong(const Value& value, std::string_view what) const {
    return wrong_at(value.line, what);
  }
  // An error that names the nearest of `keys` when `key` is none of them.
  Result<> known_key(std::string_view key, unsigned line,
                     std::span<const std::string_view> keys) const;
  // A verdict of interface.md section 2, or an error that names the nearest.
  Result<Verdict> verdict(std::string_view text, unsigned line) const;

 private:
  std::string_view file_, key_;
};

// What a value is, for "must be a list, and this is ...".
std::string said(const Value& value);

// The error of one Result as another Result's.
template <class T>
std::unexpected<Error> forward(const std::expected<T, Error>& failed) {
  return std::unexpected(failed.error());
}
inline std::unexpected<Error> forward(std::unexpected<Error> failed) {
  return failed;
}

}  // namespace hostnet
