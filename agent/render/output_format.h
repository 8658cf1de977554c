#pragma once

#include <optional>
#include <string_view>

#include "agent/render/table/text_style.h"
#include "netlink/base/error.h"

namespace hostnet {

// In which form an answer leaves.
enum class OutputFormat { text, json, html };
std::string_view to_string(OutputFormat form);

// "text", "json" or "html"; anything else is an error that names it.
Result<OutputFormat> parse_output_format(std::string_view text);

// What the client asked for: `?format=` where it is given (unset: it is not),
// else the Accept header (RFC 9110 section 12.5.1): the form with the highest
// q-value among those it names, the one named first among equals. "*/*" (curl)
// and no header at all are text, and so is a header that names none of the
// three: an answer in another form helps more than 406. Never reads more than
// 4 KiB of the header.
Result<OutputFormat> output_format_for(std::optional<std::string_view> format_parameter,
                                       std::string_view accept);

// The form of an answer and, for text, who reads it. A form alone is meant for files and pipes.
struct Output {
  OutputFormat format{};
  TextStyle style{};
  // NOLINTNEXTLINE(google-explicit-constructor): a form is an output
  Output(OutputFormat form, TextStyle text = {}) : format(form), style(text) {}
};

// "text/plain; charset=utf-8" and so on.
std::string_view content_type(OutputFormat form);

}  // namespace hostnet
