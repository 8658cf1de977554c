#pragma once

// Code shared by the JSON answers. Only for the .cpp files that write them: it
// includes the JSON library's header.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hostnet {

using Json = nlohmann::ordered_json;

inline constexpr std::string_view kApiVersion = "v1";

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// One line, without its newline. Bytes that are not UTF-8 become U+FFFD.
inline std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

inline std::string one_line(const Json& json) {
  return json_text(json) + "\n";
}

template <class Range, class Convert>
Json json_array(const Range& items, const Convert& convert) {
  auto array = Json::array();
  for (const auto& item : items) array.push_back(convert(item));
  return array;
}

// A line: `envelope` with one more member, an array. Written item by item: as one
// document, a busy node's list would take ten times the size of its text in memory.
template <class Range, class Convert>
std::string line_with_list(const Json& envelope, std::string_view name, const Range& items,
                           const Convert& convert) {
  std::string text = json_text(envelope);
  text.pop_back();  // the brace that closes it
  text += ",\"";
  text += name;
  text += "\":[";
  bool first = true;
  for (const auto& item : items) {
    if (!std::exchange(first, false)) text += ',';
    text += json_text(convert(item));
  }
  return text += "]}\n";
}

}  // namespace hostnet
