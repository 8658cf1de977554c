#include "agent/document/fields.h"

#include <fmt/format.h>

#include <utility>

#include "netlink/base/escape.h"
#include "netlink/base/nearest.h"
#include "netlink/base/ranges.h"

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
  const std::string_view head = shortened(text, kShownBytes);
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
  if (complaints_.size() >= kMostComplaints) return;
  complaints_.push_back({.line = line, .message = std::move(message)});
}

void Fields::refuse(std::string_view why) const {
  complain(map_.line, path_.empty() ? std::string(why) : fmt::format("{}: {}", path_, why));
}

void Fields::allow_only(std::span<const std::string_view> keys) const {
  for (const Member& member : map_.members) {
    if (contains(keys, std::string_view(member.key))) continue;
    const std::string_view meant = nearest(member.key, keys);
    complain(
        member.line,
        fmt::format("{}unknown key {}{}", path_.empty() ? "" : path_ + ": ", shown_text(member.key),
                    meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
  }
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

std::string Fields::word(std::string_view key) const {
  const Value* value = map_.find(key);
  if (value == nullptr) return {};
  if (value->is_scalar()) return value->text;
  complain(value->line, fmt::format("{} must be one word, not {}", path_of(key), value->what()));
  return {};
}

std::vector<std::string> Fields::words(std::string_view key) const {
  std::vector<std::string> words;
  for (const Fields& item : items(key)) {
    if (item.map_.is_scalar() && !item.map_.text.empty()) {
      words.push_back(item.map_.text);
    } else {
      complain(item.map_.line, fmt::format("{} must be one word, not {}", item.path_,
                                           item.map_.is_scalar() ? "empty" : item.map_.what()));
    }
  }
  return words;
}

std::optional<Fields> Fields::section(std::string_view key) const {
  const Value* value = map(key);
  if (value == nullptr) return std::nullopt;
  return Fields(*value, path_of(key), complaints_);
}

std::vector<Fields> Fields::items(std::string_view key) const {
  std::vector<Fields> items;
  const Value* value = list(key);
  if (value == nullptr) return items;
  items.reserve(value->items.size());
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    items.emplace_back(value->items[i], fmt::format("{}[{}]", path_of(key), i), complaints_);
  }
  return items;
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
