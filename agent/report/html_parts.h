#pragma once

#include <string>
#include <string_view>

#include "agent/findings/finding.h"
#include "agent/pods/pod.h"
#include "agent/ports/holder.h"
#include "agent/report/report.h"

namespace hostnet {

// Pieces of the page; every one is escaped already.

// A word in a colour and with a mark, so that it does not depend on the colour.
std::string html_badge(std::string_view kind, std::string_view mark, std::string_view word);
std::string html_severity_badge(Severity severity, std::string_view word);
std::string html_severity(const Finding& finding);
// "2026-11-21 20:00:00 UTC".
std::string html_moment(WallTime time);
// A cell with the name of its column, which narrow screens show.
std::string html_cell(std::string_view label, std::string_view content,
                      std::string_view css_class = {});
// <ul> of these items, each once; "" of none.
std::string html_list(const std::vector<std::string>& items);

// Name and process, and below them kind, executable and cgroup.
std::string html_holder(const Holder& holder);
// "default/web-1 (web)", and below it the workload and the container's state.
std::string html_declared(const DeclaredPort& declared);

// What could not be seen, each with its remedy, and what never can.
std::string html_problems(const Report& report);

}  // namespace hostnet
