#pragma once

// Renders the JSON of an agent's answer for people, as the agent's own tables do
// (agent/render/words.h). For .cpp files only: it includes the JSON library's header.

#include <string>

#include "agent/render/json_parts.h"

namespace hostnet {

// "8080/tcp", "" without a port.
std::string port_words_of(const Json& object);
// "nginx.service nginx[812] root, curl[7] uid 33 (established to 10.0.0.1:443)".
std::string holders_words_of(const Json& holders);
// "default/web-1 (web)".
std::string declarations_words_of(const Json& declared);
std::string workloads_words_of(const Json& declared);

}  // namespace hostnet
