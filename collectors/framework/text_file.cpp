#include "collectors/framework/text_file.h"

#include <fmt/format.h>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

std::string not_a_number(std::string_view text, int base) {
  constexpr std::size_t kQuoted = 40;  // the longest quotation in a message
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  const auto digits = kDigits.substr(0, base == 16 ? kDigits.size() : 10);
  const bool too_large = !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
  return fmt::format("\"{}{}\" is {}", text.substr(0, kQuoted), text.size() > kQuoted ? "..." : "",
                     too_large    ? "too large"
                     : base == 16 ? "not a hexadecimal number"
                                  : "not a number");
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
  const auto value = parse_number<std::uint64_t>(*text);
  if (value) return *value;
  return failure(Reason::malformed, fmt::format("{}: {}", path, not_a_number(*text)));
}

bool LineReader::next() {
  if (!next_whole()) return false;
  cut();
  return true;
}

bool LineReader::next_whole() {
  if (rest_.empty()) return false;
  line_ = take_until(rest_, '\n');
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

Result<std::uint64_t> LineReader::number_in(std::string_view piece, int base) const {
  if (const auto number = parse_number<std::uint64_t>(piece, base)) return *number;
  return malformed(not_a_number(piece, base));
}

Result<std::uint64_t> LineReader::field_as(std::size_t field, int base) const {
  if (field < fields_.size()) return number_in(fields_[field], base);
  return malformed(fmt::format("has {} fields, expected {}", fields_.size(), field + 1));
}

std::unexpected<Error> LineReader::malformed(std::string_view what) const {
  return failure(Reason::malformed, fmt::format("{} line {}: {}", path_, number_, what));
}

}  // namespace hostnet
