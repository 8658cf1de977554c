#include "agent/config/reading.h"

#include <algorithm>
#include <array>

#include "agent/config/scalars.h"
#include "netlink/base/escape.h"
#include "netlink/base/nearest.h"

namespace hostnet {
namespace {

std::string meant(std::string_view word, std::span<const std::string_view> candidates) {
  const auto close = nearest(word, candidates);
  return close.empty() ? "" : "; did you mean " + std::string(close) + "?";
}

}  // namespace

std::unexpected<Error> ConfigPlace::wrong_at(unsigned line, std::string_view what) const {
  auto message = terminal_text(file_);
  if (line != 0) message += ":" + std::to_string(line);
  message += ": ";
  if (!key_.empty()) message.append(key_).append(": ");
  // The YAML library quotes the text it stumbles over, line ends included.
  return failure(Reason::malformed, message + terminal_text(what));
}

Result<> ConfigPlace::known_key(std::string_view key, unsigned line,
                                std::span<const std::string_view> keys) const {
  if (std::ranges::find(keys, key) != keys.end()) return {};
  return wrong_at(line, "unknown key " + quoted(key) + meant(key, keys));
}

Result<Verdict> ConfigPlace::verdict(std::string_view text, unsigned line) const {
  if (const auto verdict = parse_verdict(text)) return *verdict;
  std::array<std::string_view, kVerdictCount> names{};
  std::ranges::transform(all_verdicts(), names.begin(),
                         [](Verdict verdict) { return to_string(verdict); });
  return wrong_at(line, "unknown verdict " + quoted(text) + meant(text, names));
}

std::string said(const Value& value) {
  return value.is_null() ? "empty" : std::string(value.what());
}

}  // namespace hostnet
