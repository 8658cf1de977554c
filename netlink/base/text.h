#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

// Splits the text of protocols and files and parses its numbers: ASCII only, never
// locale dependent.
namespace hostnet {

inline constexpr std::string_view kBlanks = " \t";          // within a line
inline constexpr std::string_view kWhitespace = " \t\r\n";  // including line ends

// `text` without the `blanks` at both ends.
constexpr std::string_view trim(std::string_view text, std::string_view blanks = kWhitespace) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Takes the text before the first `separator` from the front of `rest`, and removes the
// separator; without one, takes everything.
constexpr std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const std::string_view front = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return front;
}

// Takes the next word from the front of `rest`, and removes the blanks before it; ""
// if there is none.
constexpr std::string_view take_word(std::string_view& rest,
                                     std::string_view blanks = kWhitespace) {
  const auto begin = rest.find_first_not_of(blanks);
  rest.remove_prefix(begin == std::string_view::npos ? rest.size() : begin);
  const std::string_view word = rest.substr(0, rest.find_first_of(blanks));
  rest.remove_prefix(word.size());
  return word;
}

// Takes the number at the front of `rest`; unset, and `rest` unchanged, if there is
// none or it does not fit. A minus only for signed types; no plus, no blanks,
// no "0x".
template <std::integral Number>
std::optional<Number> take_number(std::string_view& rest, int base = 10) {
  Number number{};
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, base);
  if (error != std::errc{}) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return number;
}

// A fraction such as "0.25" or "-1"; an exponent only where the format says so.
template <std::floating_point Number>
std::optional<Number> take_number(std::string_view& rest,
                                  std::chars_format format = std::chars_format::general) {
  Number number{};
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, format);
  if (error != std::errc{}) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return number;
}

// The whole text as a number, with nothing after it.
template <class Number, class... Format>
std::optional<Number> parse_number(std::string_view text, Format... format) {
  const auto number = take_number<Number>(text, format...);
  return text.empty() ? number : std::nullopt;
}

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

// Base64 of RFC 4648 section 4, with padding.
std::string base64(std::string_view bytes);

// Strict: no blanks, no missing padding, no unused bits set. Unset for anything
// else.
std::optional<std::string> from_base64(std::string_view text);

enum class PlusSign { is_itself, is_a_space };  // paths; queries (HTML forms)

// Unset when a '%' is not followed by two hex digits (RFC 3986 section 2.1).
std::optional<std::string> percent_decode(std::string_view text, PlusSign plus);

}  // namespace hostnet
