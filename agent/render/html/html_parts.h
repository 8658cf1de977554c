#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/findings/context/finding.h"
#include "agent/findings/report.h"
#include "agent/pods/pod.h"
#include "agent/ports/holder.h"

namespace hostnet {

// Pieces of the page, all of them already escaped.

// A coloured word with a mark, so that it can be read without the colour.
std::string html_badge(std::string_view kind, std::string_view mark, std::string_view word);
std::string html_severity_badge(Severity severity, std::string_view word);
std::string html_severity(const Finding& finding);
// "2026-11-21 20:00:00 UTC".
std::string html_moment(WallTime time);
// A cell with the name of its column, which narrow screens show.
std::string html_cell(std::string_view label, std::string_view content,
                      std::string_view css_class = {});
// "8080/tcp", a link to its page if it has one. `root` leads to `/`.
std::string html_port(std::optional<std::uint16_t> port, std::optional<Protocol> protocol,
                      std::string_view root);
// <ul> of these items, without duplicates; "" if none.
std::string html_list(const std::vector<std::string>& items);

// A table's header row; its caption with the number of rows; a section.
std::string html_header_row(std::initializer_list<std::string_view> names);
std::string html_caption(std::string_view title, std::size_t count);
std::string html_card(std::string_view id, std::string content);

// Name and process, and below them kind, executable and cgroup.
std::string html_holder(const Holder& holder);
// "default/web-1 (web)", and below it the workload and the container's state.
std::string html_declared(const DeclaredPort& declared);

// What could not be seen, each with its remedy, and what can never be seen.
std::string html_problems(bool complete, const std::vector<Problem>& problems,
                          const std::vector<Problem>& limits);

}  // namespace hostnet
