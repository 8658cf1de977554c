#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/options/flags.h"

namespace hostnet {

// The flags' values as texts, by flag name.
class FlagValues {
 public:
  using Texts = std::map<std::string, std::vector<std::string>, std::less<>>;
  using Environment = std::function<const char*(const char*)>;

  // The command line (`parsed`) takes precedence over the environment, that over the defaults. The
  // error names the flag or the variable with an invalid value.
  static std::expected<FlagValues, std::string> merge(const Texts& parsed,
                                                      const Environment& environment);

  const Texts& all() const { return all_; }
  const Texts& given() const { return given_; }
  // On the command line or in the environment.
  bool given(std::string_view name) const { return given_.contains(name); }

  // The flag must be of the kind that the function names.
  std::string text(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  bool on(std::string_view name) const { return text(name) == "true"; }
  int number(std::string_view name) const;
  std::chrono::milliseconds duration(std::string_view name) const;

 private:
  Texts given_, all_;
};

}  // namespace hostnet
