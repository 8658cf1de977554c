#pragma once

#include <string_view>

namespace hostnet {

// Whether `text` begins so; the beginning is then taken from it.
bool take_prefix(std::string_view& text, std::string_view prefix);

// 64 lower-case hexadecimal digits, as every runtime numbers its containers.
bool is_container_id(std::string_view text);

// Whether `text` is what `pattern` describes: `{id}` stands for a container id, `{name}` for any
// text but none, `*` for any text, all else for itself. `captured` becomes what `{id}` or `{name}`
// stands for; a pattern has at most one of them. Pure.
bool matches_pattern(std::string_view pattern, std::string_view text, std::string_view& captured);

}  // namespace hostnet
