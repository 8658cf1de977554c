#include "agent/render/output_format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "netlink/base/accept.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

struct MediaType {
  std::string_view name;
  OutputFormat form;
};
constexpr std::array<MediaType, 6> kMediaTypes{{{"text/html", OutputFormat::html},
                                                {"application/json", OutputFormat::json},
                                                {"application/*", OutputFormat::json},
                                                {"text/plain", OutputFormat::text},
                                                {"text/*", OutputFormat::text},
                                                {"*/*", OutputFormat::text}}};

}  // namespace

std::string_view to_string(OutputFormat form) {
  switch (form) {
    case OutputFormat::text: return "text";
    case OutputFormat::json: return "json";
    case OutputFormat::html: return "html";
  }
  return "text";
}

std::string_view name_of(const Output& output) {
  if (output.style.wide) return "wide";
  if (output.style.names) return "name";
  return to_string(output.format);
}

Result<Output> parse_output(std::string_view name) {
  for (const OutputFormat form : {OutputFormat::text, OutputFormat::json, OutputFormat::html}) {
    if (name == to_string(form)) return form;
  }
  if (name == "wide") return Output(OutputFormat::text, {.wide = true});
  if (name == "name") return Output(OutputFormat::text, {.names = true});
  return failure(Reason::malformed,
                 fmt::format("bad format '{}': it is one of {}", terminal_text(name.substr(0, 64)),
                             fmt::join(kOutputNames, ", ")));
}

Result<Output> output_for(std::optional<std::string_view> format_parameter,
                          std::string_view accept) {
  if (format_parameter) return parse_output(*format_parameter);
  auto best = OutputFormat::text;
  double best_weight = 0;
  bool best_is_named = false;
  accept = accept.substr(0, 4096);
  while (const auto item = next_accept_item(accept)) {
    const auto* const type =
        std::ranges::find_if(kMediaTypes, [&](const MediaType& t) { return item->is(t.name); });
    if (type == kMediaTypes.end() || item->weight == 0) continue;
    // Among equals a named type wins over a wildcard, whatever their order.
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

std::string_view content_type(OutputFormat form) {
  switch (form) {
    case OutputFormat::text: return "text/plain; charset=utf-8";
    case OutputFormat::json: return "application/json";
    case OutputFormat::html: return "text/html; charset=utf-8";
  }
  return "text/plain; charset=utf-8";
}

}  // namespace hostnet
