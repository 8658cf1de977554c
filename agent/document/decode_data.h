#pragma once

// Files that stand encoded in a manifest: of a Secret, of Ignition, of cloud-init.

#include <optional>
#include <string>
#include <string_view>

namespace hostnet {

// Base64 as Go decodes it: line ends count for nothing. Unset: it is no base64.
std::optional<std::string> from_base64_lines(std::string_view text);

// The content of a "data:" URL (RFC 2397), percent-encoded or base64, packed as it is. Unset: it
// is none.
std::optional<std::string> from_data_url(std::string_view url);

// What is gzip is unpacked, up to 1 MiB and 32 times its size, so that what a folder holds bounds
// what it costs; anything else stays as it is.
std::string unpacked(std::string bytes);

}  // namespace hostnet
