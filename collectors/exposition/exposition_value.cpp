#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "collectors/exposition/exposition.h"

namespace hostnet {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: every integer below is exact

// Digits of an integer in Go's 'g' form: plain below 1e6, else d.ddde+XX with
// the trailing zeros gone. Most samples are integers, so they skip to_chars.
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

// Shortest digits that read back as the same number; exponent form from 1e6
// up and below 1e-4 (strconv.FormatFloat(value, 'g', -1, 64)).
void append_shortest(TextBuffer& out, double value) {
  std::array<char, 40> text;
  const auto done =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  std::string_view scientific(text.data(), done.ptr);
  int exponent = 0;
  const auto at = scientific.rfind('e');
  const bool negative = scientific[at + 1] == '-';
  std::from_chars(scientific.data() + at + 2, done.ptr, exponent);
  if (negative) exponent = -exponent;
  if (exponent < -4 || exponent >= 6) {
    out += scientific;
    return;
  }
  // The same digits with the point where it belongs. It is no integer, so the
  // point is followed by some.
  scientific = scientific.substr(0, at);
  if (scientific[0] == '-') {
    out += '-';
    scientific.remove_prefix(1);
  }
  const char first = scientific[0];
  const std::string_view rest = scientific.substr(std::min<std::size_t>(2, scientific.size()));
  if (exponent < 0) {
    out += std::string_view("0.000").substr(0, static_cast<std::size_t>(1 - exponent));
    out += first;
    out += rest;
    return;
  }
  const auto whole = static_cast<std::size_t>(exponent);
  out += first;
  out += rest.substr(0, whole);
  out += '.';
  out += rest.substr(whole);
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
    out += '0';  // -0 too
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
