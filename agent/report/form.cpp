#include "agent/report/form.h"

#include <algorithm>
#include <array>

#include "agent/report/escape.h"
#include "netlink/base/accept.h"

namespace hostnet {
namespace {

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
  double best_weight = 0;
  bool best_is_named = false;
  accept = accept.substr(0, 4096);
  while (const auto item = next_accept_item(accept)) {
    const auto* const type =
        std::ranges::find_if(kMediaTypes, [&](const MediaType& t) { return item->is(t.name); });
    if (type == kMediaTypes.end() || item->weight == 0) continue;
    // Among equals a type wins over a wildcard, wherever they stand.
    const bool named = !item->name.ends_with('*');
    const bool better =
        item->weight > best_weight || (item->weight == best_weight && named && !best_is_named);
    if (!better) continue;
    best = type->form;
    best_weight = item->weight;
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
