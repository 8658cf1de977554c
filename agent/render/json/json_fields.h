#pragma once

// Objects of the JSON answers as tables: a row per member, with its name, its schema and how it is
// read. Answers and /openapi.json are both generated from them, so that they cannot diverge.

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string_view>

#include "agent/render/json_parts.h"

namespace hostnet {

// The type of a member as JSON Schema 2020-12, which OpenAPI 3.1 uses.
using JsonType = Json (*)();

template <class Item>
struct JsonField {
  const char* name;
  JsonType type;
  // A discarded value leaves the member out; `sometimes` announces that.
  Json (*value)(const Item&);
  const char* about = "";
  bool sometimes = false;
};

inline Json a_string() {
  return {{"type", "string"}};
}
inline Json an_integer() {
  return {{"type", "integer"}};
}
inline Json a_number() {
  return {{"type", "number"}};
}
inline Json a_boolean() {
  return {{"type", "boolean"}};
}
inline Json a_time() {
  return {{"type", "string"}, {"format", "date-time"}};
}
inline Json a_port() {
  return {{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}};
}
template <class Words = std::initializer_list<std::string_view>>
Json one_of_words(const Words& words) {
  return {{"type", "string"},
          {"enum", json_array(words, [](std::string_view word) { return Json(word); })}};
}
// The type of an enum, with `Values` as the list of its values.
template <const auto& Values>
Json one_of() {
  return one_of_words(Values | std::views::transform([](auto value) { return to_string(value); }));
}

template <JsonType Type>
Json or_nothing() {
  return {{"anyOf", Json::array({Type(), Json{{"type", "null"}}})}};
}
template <JsonType Type>
Json list_of() {
  return {{"type", "array"}, {"items", Type()}};
}

// The name of a schema as a template argument.
template <std::size_t Size>
struct SchemaName {
  // NOLINTNEXTLINE(google-explicit-constructor,*-avoid-c-arrays): written as a string
  consteval SchemaName(const char (&text)[Size]) { std::copy_n(text, Size, letters.begin()); }
  std::array<char, Size> letters{};
};
template <SchemaName Name>
Json ref() {
  return {{"$ref", std::string("#/components/schemas/") + Name.letters.data()}};
}

template <class Item>
Json object_of(std::span<const JsonField<Item>> fields, const Item& item) {
  Json object = Json::object();
  for (const JsonField<Item>& field : fields) {
    Json value = field.value(item);
    if (!value.is_discarded()) object[field.name] = std::move(value);
  }
  return object;
}

template <class Item>
Json schema_of(std::span<const JsonField<Item>> fields) {
  Json schema{{"type", "object"}, {"required", Json::array()}, {"properties", Json::object()}};
  for (const JsonField<Item>& field : fields) {
    if (!field.sometimes) schema["required"].push_back(field.name);
    Json type = field.type();
    if (*field.about != '\0') type["description"] = field.about;
    schema["properties"][field.name] = std::move(type);
  }
  return schema;
}

// The schema of line_with_list(): the members of `envelope` and one more, a list.
template <class Item>
Json schema_of_list(std::span<const JsonField<Item>> envelope, const char* name, Json items) {
  Json schema = schema_of(envelope);
  schema["required"].push_back(name);
  schema["properties"][name] = Json{{"type", "array"}, {"items", std::move(items)}};
  return schema;
}

// Add the schemas of what json.cpp and network_json.cpp write, by name.
void add_report_schemas(Json& schemas);
void add_network_schemas(Json& schemas);

}  // namespace hostnet
