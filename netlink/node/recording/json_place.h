#pragma once

// Reads JSON so that errors include their place. Inside this folder only.

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/base/text.h"

namespace hostnet {

// A value of the wrong shape throws WrongShape, which read_json() turns into an Error; it never
// escapes.
struct WrongShape : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A value and its place in the document.
struct At {
  const nlohmann::json& value;
  std::string place;

  [[noreturn]] void wrong(std::string_view expected) const {
    throw WrongShape(fmt::format("{}: expected {}", place, expected));
  }
  const nlohmann::json* find(const char* name) const {
    if (!value.is_object()) wrong("an object");
    const auto at = value.find(name);
    return at == value.end() ? nullptr : &*at;
  }
  At member(const char* name) const {
    const auto* found = find(name);
    if (found == nullptr) wrong(fmt::format("a member \"{}\"", name));
    return {*found, place.empty() ? name : place + "/" + name};
  }
  template <class Int>
  Int number() const {
    if (!value.is_number_integer()) wrong("an integer");
    const bool fits = value.is_number_unsigned() ? std::in_range<Int>(value.get<std::uint64_t>())
                                                 : std::in_range<Int>(value.get<std::int64_t>());
    if (!fits) wrong("a smaller integer");
    return value.get<Int>();
  }
  bool truth() const {
    if (!value.is_boolean()) wrong("true or false");
    return value.get<bool>();
  }
  // The byte encoded by two hexadecimal digits at `at`.
  unsigned byte_at(std::string_view in, std::size_t at, std::string_view expected) const {
    const auto byte = parse_number<std::uint8_t>(in.substr(std::min(at, in.size()), 2), 16);
    if (!byte || at + 2 > in.size()) wrong(expected);
    return *byte;
  }
  std::string text() const {
    if (!value.is_string()) wrong("a string");
    const auto& in = value.get_ref<const std::string&>();
    std::string out;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (in[i] != '%') {
        out += in[i];
        continue;
      }
      out += static_cast<char>(byte_at(in, i + 1, "two hexadecimal digits after %"));
      i += 2;
    }
    return out;
  }
  std::vector<std::byte> hex() const {
    const std::string in = text();
    std::vector<std::byte> out;
    for (std::size_t i = 0; i < in.size(); i += 2) {
      out.push_back(static_cast<std::byte>(byte_at(in, i, "pairs of hexadecimal digits")));
    }
    return out;
  }
};

// The result of `from` for a document; Reason::malformed if `text` is not JSON or has another
// shape.
template <class From>
auto read_json(std::string_view text, From&& from) -> decltype(from(nlohmann::json())) try {
  return from(nlohmann::json::parse(text));
} catch (const WrongShape& wrong) {
  return failure(Reason::malformed, wrong.what());
} catch (const nlohmann::json::exception& wrong) {
  return failure(Reason::malformed, wrong.what());
}

}  // namespace hostnet
