#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/document/parse_document.h"

namespace hostnet {

// The text as UTF-8 without a byte order mark: UTF-16 with one (what a PowerShell's
// `>` writes) is transcoded, as kubectl does it. What is no UTF-16 becomes U+FFFD,
// anything else stays as it is. A lone CR ends a line, as YAML has it.
std::string decode_text(std::string_view bytes);

// Why a parser refuses this: a NUL or another control character. Unset: it does not.
std::optional<Complaint> find_control_character(std::string_view text);

// Each byte that is not UTF-8 becomes U+FFFD, as kubectl reads it; the first of them is
// complained about: kubelet refuses the file. Unset: there was none.
std::optional<Complaint> replace_invalid_utf8(std::string& text);

}  // namespace hostnet
