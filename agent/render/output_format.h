#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "agent/render/table/text_style.h"
#include "netlink/base/error.h"

namespace hostnet {

// The format of an answer.
enum class OutputFormat { text, json, html };
std::string_view to_string(OutputFormat form);

// The widths that text tables may be folded to, besides 0 (never).
inline constexpr std::size_t kLeastWidth = 20;
inline constexpr std::size_t kMostWidth = 10'000;

// The format of an answer and the style of text. A format alone is meant for files and pipes.
struct Output {
  OutputFormat format{};
  TextStyle style{};
  // NOLINTNEXTLINE(google-explicit-constructor): a form is an output
  Output(OutputFormat form, TextStyle text = {}) : format(form), style(text) {}
};

// The values of ?format= and --format: a format, or one of two other styles of text.
inline constexpr std::array<std::string_view, 5> kOutputNames{"text", "json", "html", "wide",
                                                              "name"};
std::string_view name_of(const Output& output);
// Anything but kOutputNames is an error that names it.
Result<Output> parse_output(std::string_view name);

// The requested format: `?format=` if it is given (else unset), otherwise the
// Accept header (RFC 9110 section 12.5.1): the format with the highest q-value
// among those it names, the first of equal ones. "*/*" (curl) and no header at
// all mean text, and so does a header that names none of the three: an answer in
// another format helps more than 406. Never reads more than 4 KiB of the header.
Result<Output> output_for(std::optional<std::string_view> format_parameter,
                          std::string_view accept);

// "text/plain; charset=utf-8" and so on.
std::string_view content_type(OutputFormat form);

}  // namespace hostnet
