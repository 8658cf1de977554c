#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "collectors/exposition/exposition.h"

namespace hostnet {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: every integer below is exact

// Digits of an integer in Go's 'g' form: plain below 1e6, else d.ddde+XX without
// trailing zeros. Most samples are integers, so they skip to_chars.
void append_integer(TextBuffer& out, std::uint64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const auto count = static_cast<std::size_t>(end - digits.data());
  if (count <= 6) {
    out += std::string_view(digits.data(), count);
    return;
  }
  std::size_t kept = count;
  while (kept > 1 && digits[kept - 1] == '0') --kept;
  out += digits[0];
  if (kept > 1) {
    out += '.';
    out += std::string_view(digits.data() + 1, kept - 1);
  }
  const std::size_t exponent = count - 1;
  out += "e+";
  out += static_cast<char>('0' + exponent / 10);
  out += static_cast<char>('0' + exponent % 10);
}

// The shortest digits that parse back to the same number; exponent form from 1e6
// up and below 1e-4 (strconv.FormatFloat(value, 'g', -1, 64)).
void append_shortest(TextBuffer& out, double value) {
  const double size = std::fabs(value);
  const bool plain = size >= 1e-4 && size < 1e6;
  std::array<char, 40> text;
  const auto done = std::to_chars(text.data(), text.data() + text.size(), value,
                                  plain ? std::chars_format::fixed : std::chars_format::scientific);
  out += std::string_view(text.data(), done.ptr);
}

}  // namespace

void append_value(TextBuffer& out, double value, ExpositionFormat format) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  const std::size_t start = out.size();
  if (value == 0) {
    out += '0';  // also -0
  } else if (std::fabs(value) < kExactIntegers && value == std::trunc(value)) {
    if (value < 0) out += '-';
    append_integer(out, static_cast<std::uint64_t>(std::fabs(value)));
  } else {
    append_shortest(out, value);
  }
  if (format == ExpositionFormat::openmetrics &&
      out.text().substr(start).find_first_of("e.") == std::string_view::npos) {
    out += ".0";
  }
}

}  // namespace hostnet
