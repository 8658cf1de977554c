#pragma once

#include <string>
#include <string_view>

#include "agent/findings/check.h"
#include "agent/findings/report.h"
#include "agent/render/host_ports.h"

namespace hostnet {

// The page's sections, each a table with a caption (or a sentence where there
// is nothing to show). `root` leads from the page to `/`.
std::string html_findings(const Report& report, FindingClass finding_class, bool include_ignored,
                          std::string_view root = {});
std::string html_ports(const Report& report, const PortFilter& filter, std::string_view root = {});
std::string html_check(const CheckAnswer& answer);

}  // namespace hostnet
