#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "agent/render/table/text_style.h"
#include "netlink/base/error.h"

namespace hostnet {

// In which form an answer leaves.
enum class OutputFormat { text, json, html };
std::string_view to_string(OutputFormat form);

// What tables of text may be folded to, besides 0 (never).
inline constexpr std::size_t kLeastWidth = 20;
inline constexpr std::size_t kMostWidth = 10'000;

// The form of an answer and, for text, who reads it. A form alone is meant for files and pipes.
struct Output {
  OutputFormat format{};
  TextStyle style{};
  // NOLINTNEXTLINE(google-explicit-constructor): a form is an output
  Output(OutputFormat form, TextStyle text = {}) : format(form), style(text) {}
};

// What ?format= and --format name: a form, or one of two other ways to write text.
inline constexpr std::array<std::string_view, 5> kOutputNames{"text", "json", "html", "wide",
                                                              "name"};
std::string_view name_of(const Output& output);
// Anything but kOutputNames is an error that names it.
Result<Output> parse_output(std::string_view name);

// What the client asked for: `?format=` where it is given (unset: it is not),
// else the Accept header (RFC 9110 section 12.5.1): the form with the highest
// q-value among those it names, the one named first among equals. "*/*" (curl)
// and no header at all are text, and so is a header that names none of the
// three: an answer in another form helps more than 406. Never reads more than
// 4 KiB of the header.
Result<Output> output_for(std::optional<std::string_view> format_parameter,
                          std::string_view accept);

// "text/plain; charset=utf-8" and so on.
std::string_view content_type(OutputFormat form);

}  // namespace hostnet
