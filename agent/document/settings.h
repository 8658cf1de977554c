#pragma once

// A file of settings (--config.file, a kubeconfig, a web configuration): one YAML
// mapping, read with Fields, refused at its first fault with file and line.

#include <span>
#include <string_view>

#include "agent/document/parse_document.h"
#include "netlink/base/error.h"

namespace hostnet {

// The only document of the text, within the limits of parse_document.h; null if there is none (only
// comments). Has complaints for duplicate keys.
Result<ParsedDocument> parse_settings(std::string_view text, std::string_view file);

// "FILE:LINE: what", Reason::malformed, safe for a terminal and a log.
std::unexpected<Error> settings_failure(std::string_view file, const Complaint& complaint);
// Returns the first complaint as such an error; success if there is none.
Result<> without_complaints(std::string_view file, std::span<const Complaint> complaints);

}  // namespace hostnet
