#pragma once

// A YAML or JSON document as a tree with line numbers: the input of the pod reader, so that the
// text's format and its library stay in one place.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostnet {

struct Member;

struct Value {
  enum class Kind { null, scalar, list, map };
  Kind kind{};
  bool plain{};              // a scalar without quotes: a number or boolean, if it looks like one
  unsigned line{};           // 1-based, in the file
  std::string text;          // of a scalar
  std::vector<Value> items;  // of a list
  std::vector<Member> members;  // of a map, in the document's order, each key once

  bool is_map() const { return kind == Kind::map; }
  bool is_list() const { return kind == Kind::list; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_null() const { return kind == Kind::null; }

  // The member of a map; null if it is missing, if its value is null and if this is no map.
  const Value* find(std::string_view key) const;
  const Member* member(std::string_view key) const;

  // The scalar as YAML 1.1 resolves it (true, yes, on...; 0x, 0b and leading-zero octal numbers,
  // 8_080, 8080.0), as Kubernetes' parser does. Unset: any other type, also a quoted number.
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;
  // Text that Kubernetes accepts for a string field: quoted, or plain and neither a number, a
  // boolean nor null.
  std::optional<std::string> string() const;

  // "text", "a number", "a list"...: for messages.
  std::string_view what() const;
};

struct Member {
  std::string key;
  unsigned line{};
  Value value;
};

}  // namespace hostnet
