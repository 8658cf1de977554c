#pragma once

// Reads members of foreign JSON: one that is missing or of another type is "".

#include <nlohmann/json.hpp>
#include <string>

namespace hostnet {

inline std::string text_at(const nlohmann::ordered_json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

inline std::string number_at(const nlohmann::ordered_json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->dump() : std::string();
}

inline bool true_at(const nlohmann::ordered_json& object, const char* key) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

// The elements of a list; none if it is not a list.
inline nlohmann::ordered_json list_at(const nlohmann::ordered_json& object, const char* key) {
  if (!object.is_object()) return nlohmann::ordered_json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : nlohmann::ordered_json::array();
}

// Unset (discarded) for text that is not JSON or nests deeper than any answer of ours.
inline nlohmann::ordered_json read_json(std::string_view text) {
  constexpr int kDeepest = 32;
  bool too_deep = false;
  auto json = nlohmann::ordered_json::parse(
      text,
      [&](int depth, nlohmann::ordered_json::parse_event_t /*event*/,
          nlohmann::ordered_json& /*value*/) {
        too_deep = too_deep || depth > kDeepest;
        return !too_deep;
      },
      false);
  return too_deep ? nlohmann::ordered_json(nlohmann::ordered_json::value_t::discarded) : json;
}

}  // namespace hostnet
