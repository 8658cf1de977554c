#include "agent/report/form.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "agent/report/escape.h"

namespace hostnet {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// Cuts the part before `separator` off the front of `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return trimmed(part);
}

// The weight of "type/subtype;level=1;q=0.5"; 1 when none is written, 0 when it
// is no number between 0 and 1.
double quality_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto parameter = next_part(parameters, ';');
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    const auto number = parameter.substr(2);
    double quality = 0;
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), quality);
    const bool whole = error == std::errc{} && end == number.data() + number.size();
    return whole && quality >= 0 && quality <= 1 ? quality : 0;
  }
  return 1;
}

struct MediaType {
  std::string_view name;
  Form form;
};
constexpr std::array<MediaType, 5> kMediaTypes{{{"text/html", Form::html},
                                                {"application/json", Form::json},
                                                {"text/plain", Form::text},
                                                {"text/*", Form::text},
                                                {"*/*", Form::text}}};

}  // namespace

std::string_view to_string(Form form) {
  switch (form) {
    case Form::text: return "text";
    case Form::json: return "json";
    case Form::html: return "html";
  }
  return "text";
}

Result<Form> parse_form(std::string_view text) {
  for (const Form form : {Form::text, Form::json, Form::html}) {
    if (text == to_string(form)) return form;
  }
  return failure(Reason::malformed, "format \"" + terminal_text(text.substr(0, 64)) +
                                        "\" is not one of text, json, html");
}

Result<Form> form_for(std::optional<std::string_view> format_parameter, std::string_view accept) {
  if (format_parameter) return parse_form(*format_parameter);
  auto best = Form::text;
  double best_quality = 0;
  bool best_is_named = false;
  accept = accept.substr(0, 4096);
  while (!accept.empty()) {
    auto parameters = next_part(accept, ',');
    const auto range = lower(next_part(parameters, ';'));
    const double quality = quality_of(parameters);
    const auto* const type = std::ranges::find(kMediaTypes, range, &MediaType::name);
    if (type == kMediaTypes.end() || quality == 0) continue;
    // Among equals a type wins over a wildcard, wherever they stand.
    const bool named = !range.ends_with('*');
    const bool better =
        quality > best_quality || (quality == best_quality && named && !best_is_named);
    if (!better) continue;
    best = type->form;
    best_quality = quality;
    best_is_named = named;
  }
  return best;
}

std::string_view content_type(Form form) {
  switch (form) {
    case Form::text: return "text/plain; charset=utf-8";
    case Form::json: return "application/json";
    case Form::html: return "text/html; charset=utf-8";
  }
  return "text/plain; charset=utf-8";
}

}  // namespace hostnet
