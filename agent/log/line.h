#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/log/log.h"

namespace hostnet::log {

// One event as one line without a newline. Pure.
//
// logfmt: a value is quoted when it is empty or has a blank, a quote, "=" or a
// character that had to be escaped. JSON: time, level, msg, then the fields; a
// field called like one of these three gets "field_" before its key.
std::string format_line(Format format, WallTime time, Level level, std::string_view message,
                        std::span<const Field> fields);

}  // namespace hostnet::log
