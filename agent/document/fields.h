#pragma once

// Typed look-ups in a Value that say in words what is wrong and where.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/document/parse_document.h"
#include "agent/document/value.h"

namespace hostnet {

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

  unsigned line() const { return map_.line; }
  unsigned line_of(std::string_view key) const;  // 0: not written
  bool has(std::string_view key) const { return map_.find(key) != nullptr; }
  std::string path_of(std::string_view key) const;
  // Whether this is a mapping; complains otherwise.
  bool usable() const;
  void complain(unsigned line, std::string message) const;
  std::vector<Complaint>& complaints() const { return complaints_; }

 private:
  const Value& map_;
  std::string path_;
  std::vector<Complaint>& complaints_;
};

// A scalar for a message: in quotes, control characters replaced, cut short.
std::string shown_text(std::string_view text);

}  // namespace hostnet
