#include "agent/document/fields.h"

#include <fmt/format.h>

#include <utility>

namespace hostnet {
namespace {

constexpr std::size_t kShownBytes = 60;

std::string shown_value(const Value& value) {
  if (!value.is_scalar()) return std::string(value.what());
  return value.plain ? shown_text(value.text).substr(1, value.text.size())
                     : fmt::format("the text {}", shown_text(value.text));
}

}  // namespace

std::string shown_text(std::string_view text) {
  std::string shown = "\"";
  std::string_view head = text.substr(0, kShownBytes);
  // Not through the middle of a UTF-8 sequence.
  while (head.size() < text.size() && !head.empty() &&
         (static_cast<unsigned char>(text[head.size()]) & 0xC0U) == 0x80U) {
    head.remove_suffix(1);
  }
  for (const char c : head) shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  if (head.size() < text.size()) shown += "...";
  return shown + '"';
}

std::string Fields::path_of(std::string_view key) const {
  if (path_.empty()) return std::string(key);
  return key.empty() ? path_ : fmt::format("{}.{}", path_, key);
}

unsigned Fields::line_of(std::string_view key) const {
  const Member* member = map_.member(key);
  return member == nullptr ? 0 : member->line;
}

void Fields::complain(unsigned line, std::string message) const {
  complaints_.push_back({.line = line, .message = std::move(message)});
}

bool Fields::usable() const {
  if (map_.is_map()) return true;
  complain(map_.line, fmt::format("{} must be a mapping, not {}",
                                  path_.empty() ? "the document" : path_, map_.what()));
  return false;
}

std::string Fields::text(std::string_view key) const {
  const Value* value = map_.find(key);
  if (value == nullptr) return {};
  if (auto text = value->string()) return *std::move(text);
  complain(value->line, fmt::format("{} must be text, not {}{}", path_of(key), value->what(),
                                    value->is_scalar() ? ": put it in quotes" : ""));
  return {};
}

bool Fields::boolean(std::string_view key) const {
  const Value* value = map_.find(key);
  if (value == nullptr) return false;
  if (const auto flag = value->boolean()) return *flag;
  complain(value->line,
           fmt::format("{} must be true or false, not {}", path_of(key), shown_value(*value)));
  return false;
}

const Value* Fields::map(std::string_view key) const {
  const Value* value = map_.find(key);
  if (value == nullptr || value->is_map()) return value;
  complain(value->line, fmt::format("{} must be a mapping, not {}", path_of(key), value->what()));
  return nullptr;
}

const Value* Fields::list(std::string_view key) const {
  const Value* value = map_.find(key);
  if (value == nullptr || value->is_list()) return value;
  complain(value->line, fmt::format("{} must be a list, not {}", path_of(key), value->what()));
  return nullptr;
}

std::optional<std::uint16_t> Fields::port(std::string_view key) const {
  const Value* value = map_.find(key);
  if (value == nullptr) return std::nullopt;
  const auto number = value->integer();
  if (number && *number >= 1 && *number <= 65535) return static_cast<std::uint16_t>(*number);
  complain(value->line, fmt::format("{} must be a number from 1 to 65535, not {}", path_of(key),
                                    shown_value(*value)));
  return std::nullopt;
}

}  // namespace hostnet
