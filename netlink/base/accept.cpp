#include "netlink/base/accept.h"

#include "netlink/base/text.h"

namespace hostnet {
namespace {

// Takes the text before the next `separator` from `rest` and removes both from it.
std::string_view next_piece(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const std::string_view piece = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return trim(piece, kBlanks);
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

std::optional<std::string_view> find_parameter(std::string_view parameters,
                                               std::string_view wanted) {
  while (!parameters.empty()) {
    std::string_view value = next_piece(parameters, ';');
    const std::string_view name = next_piece(value, '=');
    if (equals_ignoring_case(name, wanted)) return without_quotes(trim(value, kBlanks));
  }
  return std::nullopt;
}

double weight_of(std::string_view parameters) {
  const auto text = find_parameter(parameters, "q");
  if (!text) return 1;
  const double weight = parse_number<double>(*text).value_or(0);
  return weight >= 0 && weight <= 1 ? weight : 0;
}

}  // namespace

bool AcceptItem::is(std::string_view wanted) const {
  return equals_ignoring_case(name, wanted);
}

std::string_view AcceptItem::parameter(std::string_view wanted) const {
  return find_parameter(parameters, wanted).value_or(std::string_view{});
}

std::optional<AcceptItem> next_accept_item(std::string_view& list) {
  while (!list.empty()) {
    std::string_view parameters = next_piece(list, ',');
    const std::string_view name = next_piece(parameters, ';');
    if (name.empty()) continue;
    return AcceptItem{.name = name, .parameters = parameters, .weight = weight_of(parameters)};
  }
  return std::nullopt;
}

}  // namespace hostnet
