#pragma once

// The only reader of YAML or JSON mappings: typed members of a Value, and messages that say what is
// wrong with them and where. Manifests collect the complaints; settings are refused at the first
// (settings.h).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/document/parse_document.h"
#include "agent/document/value.h"

namespace hostnet {

// Per file; further complaints are dropped.
inline constexpr std::size_t kMostComplaints = 1000;

class Fields {
 public:
  // `map` and `complaints` must outlive this. `path` names the map in messages
  // ("spec.containers[0]"); "" is the document.
  Fields(const Value& map, std::string path, std::vector<Complaint>& complaints)
      : map_(map), path_(std::move(path)), complaints_(complaints) {}

  // Missing and null are "", false, nullptr; a wrong type too, with a complaint.
  std::string text(std::string_view key) const;
  bool boolean(std::string_view key) const;
  const Value* map(std::string_view key) const;
  const Value* list(std::string_view key) const;
  // 1-65535. Missing: unset. Anything else: unset with a complaint.
  std::optional<std::uint16_t> port(std::string_view key) const;
  // A scalar as it is written, whatever its type: "8080", "true", "x".
  std::string word(std::string_view key) const;
  std::vector<std::string> words(std::string_view key) const;  // of a list
  // The mapping at `key`; unset like map().
  std::optional<Fields> section(std::string_view key) const;
  // The items of a list, each with its path ("ports[0]").
  std::vector<Fields> items(std::string_view key) const;
  // Complains about each unknown key and suggests the nearest known one.
  void allow_only(std::span<const std::string_view> keys) const;

  unsigned line() const { return map_.line; }
  unsigned line_of(std::string_view key) const;  // 0: not written
  bool has(std::string_view key) const { return map_.find(key) != nullptr; }
  std::string path_of(std::string_view key) const;
  // Whether this is a mapping; complains otherwise.
  bool usable() const;
  void complain(unsigned line, std::string message) const;
  // Complains about this value itself: "reserved_ports[0]: needs a port".
  void refuse(std::string_view why) const;
  const Value& value() const { return map_; }
  std::vector<Complaint>& complaints() const { return complaints_; }

 private:
  const Value& map_;
  std::string path_;
  std::vector<Complaint>& complaints_;
};

// A scalar for a message: quoted, control characters replaced, truncated.
std::string shown_text(std::string_view text);

}  // namespace hostnet
