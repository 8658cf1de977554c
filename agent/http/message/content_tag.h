#pragma once

#include <string>
#include <string_view>

namespace hostnet {

// An answer without what changes with time alone: generated_at, expires_ms, ages such as "3m12s".
std::string without_times(std::string_view answer);

// The weak entity tag (RFC 9110 8.8.3) of an answer's content: W/"…". Equal as long as nothing but
// the time has changed, so that a polling client gets 304.
std::string content_tag(std::string_view answer);

// Whether If-None-Match names the tag.
bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace hostnet
