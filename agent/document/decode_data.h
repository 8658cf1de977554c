#pragma once

// Files embedded in a manifest: of a Secret, of Ignition, of cloud-init.

#include <optional>
#include <string>
#include <string_view>

namespace hostnet {

// Base64 as Go decodes it: newlines are ignored. Unset: not base64.
std::optional<std::string> from_base64_lines(std::string_view text);

// The content of a "data:" URL (RFC 2397), percent-encoded or base64; not decompressed. Unset: not
// such a URL.
std::optional<std::string> from_data_url(std::string_view url);

// Decompresses gzip, up to 1 MiB and 32 times its size, so that the size of a folder bounds the
// cost of reading it; anything else is returned as is.
std::string unpacked(std::string bytes);

}  // namespace hostnet
