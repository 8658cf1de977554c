#include "collectors/framework/text_file.h"

#include <fmt/format.h>

#include <cmath>
#include <type_traits>

namespace hostnet {
namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
constexpr std::size_t kQuoted = 40;  // how much of a bad text an error repeats

std::string quoted(std::string_view text) {
  const bool cut = text.size() > kQuoted;
  return fmt::format("\"{}{}\"", text.substr(0, kQuoted), cut ? "..." : "");
}

constexpr std::string_view digits_of(int base) {
  return base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
}

template <class Number>
Result<Number> parse_integer(std::string_view text, int base, std::string_view what) {
  if (const auto number = parse_number<Number>(text, base)) return *number;
  const std::string_view digits = text.substr(text.starts_with('-') && std::is_signed_v<Number>);
  const bool number = !digits.empty() && digits.find_first_not_of(digits_of(base)) == digits.npos;
  return failure(Reason::malformed, number ? fmt::format("{} is too large", quoted(text))
                                           : fmt::format("{} is not {}", quoted(text), what));
}

}  // namespace

Result<std::uint64_t> parse_u64(std::string_view text) {
  return parse_integer<std::uint64_t>(text, 10, "a number");
}

Result<std::uint64_t> parse_hex(std::string_view text) {
  return parse_integer<std::uint64_t>(text, 16, "a hexadecimal number");
}

Result<std::int64_t> parse_i64(std::string_view text) {
  return parse_integer<std::int64_t>(text, 10, "a number");
}

Result<double> parse_double(std::string_view text) {
  const auto number = parse_number<double>(text, std::chars_format::fixed);
  if (!number || !std::isfinite(*number)) {
    return failure(Reason::malformed, fmt::format("{} is not a number", quoted(text)));
  }
  return *number;
}

std::string net_path(const Files& files, std::string_view name) {
  return fmt::format("{}{}", files.exists("proc/1/net") ? "proc/1/net/" : "proc/net/", name);
}

Result<std::string> read_value(const Files& files, std::string_view path) {
  auto text = files.read(path);
  if (text) text = std::string(trim(*text));
  return text;
}

Result<std::uint64_t> read_u64(const Files& files, std::string_view path) {
  const auto text = read_value(files, path);
  if (!text) return std::unexpected(text.error());
  auto value = parse_u64(*text);
  if (!value) value.error().message = fmt::format("{}: {}", path, value.error().message);
  return value;
}

bool LineReader::next() {
  if (!next_whole()) return false;
  cut();
  return true;
}

bool LineReader::next_whole() {
  if (rest_.empty()) return false;
  const auto end = rest_.find('\n');
  line_ = rest_.substr(0, end);
  rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
  ++number_;
  fields_.clear();
  return true;
}

void LineReader::cut() {
  fields_.clear();
  // By hand: find_first_of() costs a call for each character.
  std::size_t at = 0;
  while (true) {
    while (at < line_.size() && is_blank(line_[at])) ++at;
    if (at == line_.size()) break;
    const std::size_t start = at;
    while (at < line_.size() && !is_blank(line_[at])) ++at;
    fields_.push_back(line_.substr(start, at - start));
  }
}

Result<std::uint64_t> LineReader::u64(std::size_t field) const {
  return parsed(field, parse_u64);
}

Result<std::uint64_t> LineReader::hex(std::size_t field) const {
  return parsed(field, parse_hex);
}

Result<std::uint64_t> LineReader::parsed(std::size_t field,
                                         Result<std::uint64_t> (*parse)(std::string_view)) const {
  if (field >= fields_.size()) {
    return malformed(fmt::format("has {} fields, expected {}", fields_.size(), field + 1));
  }
  const auto value = parse(fields_[field]);
  if (!value) return malformed(value.error().message);
  return *value;
}

std::unexpected<Error> LineReader::malformed(std::string_view what) const {
  return failure(Reason::malformed, fmt::format("{} line {}: {}", path_, number_, what));
}

}  // namespace hostnet
