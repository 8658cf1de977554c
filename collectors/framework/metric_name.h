#pragma once

// The characters allowed in names of metrics and labels.

#include <string>
#include <string_view>

#include "netlink/base/ascii.h"

namespace hostnet {

// [a-zA-Z0-9_]
constexpr bool is_name_character(char c) {
  return is_alphanumeric(c) || c == '_';
}

bool is_metric_name(std::string_view name);  // [a-zA-Z_:][a-zA-Z0-9_:]*
bool is_label_name(std::string_view name);   // [a-zA-Z_][a-zA-Z0-9_]*

// Replaces characters not allowed in a name, with the underscores around them, by one
// "_": node_exporter's SanitizeMetricName().
std::string sanitized_name(std::string_view text);

}  // namespace hostnet
