#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/document/parse_document.h"

namespace hostnet {

// The text as UTF-8 without byte order marks at its beginning and of its lines: UTF-16 with one
// (the output of PowerShell's `>`) is transcoded, as kubectl does. Invalid UTF-16 becomes U+FFFD,
// anything else is unchanged. A lone CR ends a line, as in YAML.
std::string decode_text(std::string_view bytes);

// Why a parser refuses the text: a NUL or another control character. Unset: it does not.
std::optional<Complaint> find_control_character(std::string_view text);

// Each byte that is not UTF-8 becomes U+FFFD, as in kubectl; complains about the first of them: the
// kubelet refuses the file. Unset: there was none.
std::optional<Complaint> replace_invalid_utf8(std::string& text);

}  // namespace hostnet
