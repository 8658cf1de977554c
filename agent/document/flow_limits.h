#pragma once

#include <optional>
#include <string_view>

#include "agent/document/parse_document.h"

namespace hostnet {

// Why a YAML text would exceed its limits before the parser emits the first event: a collection in
// brackets that is longer than kMaxFlowBytes or deeper than kMaxDocumentDepth. Understands quotes,
// comments and block scalars, and nothing else of YAML. Lines count from `first_line`.
std::optional<Complaint> flow_past_limits(std::string_view text, unsigned first_line);

}  // namespace hostnet
