#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/log/log.h"

namespace hostnet::log {

// Formats one event as one line without a newline. Pure.
//
// logfmt: a value is quoted if it is empty or has a blank, a quote, "=" or an escaped character.
// JSON: time, level, msg, then the fields; a field with one of these three names gets the prefix
// "field_".
std::string format_line(Format format, WallTime time, Level level, std::string_view message,
                        std::span<const Field> fields);

}  // namespace hostnet::log
