#include "agent/log/line.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "netlink/base/escape.h"
#include "netlink/base/times.h"

namespace hostnet::log {
namespace {

std::string logfmt_value(std::string_view value) {
  std::string out;
  bool quote = value.empty();
  while (!value.empty()) {
    const auto character = next_character(value);
    const auto raw = value.substr(0, character.size);
    value.remove_prefix(character.size);
    if (raw == "\"" || raw == "\\") {
      out += '\\';
      out += raw;
      quote = true;
    } else if (!character.valid) {
      out += "\xEF\xBF\xBD";
      quote = true;
    } else {
      const auto safe = terminal_text(raw);
      quote = quote || safe != raw || raw == " " || raw == "=";
      out += safe;
    }
  }
  return quote ? "\"" + out + "\"" : out;
}

std::string key_of(const Field& field) {
  if (field.key == "time" || field.key == "level" || field.key == "msg") {
    return "field_" + field.key;
  }
  std::string key = field.key;
  std::ranges::replace_if(
      key, [](char c) { return c <= ' ' || c == '=' || c == '"' || c == '\x7f'; }, '_');
  return key;
}

std::string logfmt_line(WallTime time, Level level, std::string_view message,
                        std::span<const Field> fields) {
  std::string line = "time=" + rfc3339(time);
  line.append(" level=").append(to_string(level));
  line += " msg=" + logfmt_value(message);
  for (const auto& field : fields) {
    line += ' ' + key_of(field) + '=' + (field.bare ? field.value : logfmt_value(field.value));
  }
  return line;
}

std::string json_line(WallTime time, Level level, std::string_view message,
                      std::span<const Field> fields) {
  using Json = nlohmann::ordered_json;
  Json line{{"time", rfc3339(time)}, {"level", to_string(level)}, {"msg", message}};
  for (const auto& field : fields) {
    // A bare value is one of ours: digits, true or false, which are JSON.
    auto value = field.bare ? Json::parse(field.value, nullptr, false) : Json(field.value);
    line[key_of(field)] = value.is_discarded() ? Json(field.value) : std::move(value);
  }
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string format_line(Format format, WallTime time, Level level, std::string_view message,
                        std::span<const Field> fields) {
  return format == Format::json ? json_line(time, level, message, fields)
                                : logfmt_line(time, level, message, fields);
}

}  // namespace hostnet::log
