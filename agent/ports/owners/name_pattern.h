#pragma once

#include <string_view>

namespace hostnet {

// Whether `text` starts with `prefix`, which is then removed.
bool take_prefix(std::string_view& text, std::string_view prefix);

// 64 lower-case hexadecimal digits, the id format of all runtimes.
bool is_container_id(std::string_view text);

// Whether `text` matches `pattern`: `{id}` matches a container id, `{name}` any non-empty text, `*`
// any text, everything else itself. `captured` is set to the match of `{id}` or `{name}`; a pattern
// has at most one of them. Pure.
bool matches_pattern(std::string_view pattern, std::string_view text, std::string_view& captured);

}  // namespace hostnet
