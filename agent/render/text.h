#pragma once

#include <string>

#include "agent/findings/check.h"
#include "agent/findings/report.h"
#include "agent/render/host_ports.h"

namespace hostnet {

// The tables of interface.md section 3 for terminals: a header row, aligned
// columns, and a last line that says how complete the scan was. Safe to print:
// see table.h.

// PORT VERDICT SEVERITY, DECLARED BY, HELD BY, SINCE, WHAT TO DO.
std::string findings_text(const Report& report, FindingClass finding_class, bool include_ignored);
// PORT, HELD BY, ADDRESS, STATE, DECLARED BY, FINDINGS; one row per holder of a
// port (its sockets on several addresses are one row).
std::string ports_text(const Report& report, const PortFilter& filter = {});
// One row, and the explanation as the last line.
std::string check_text(const CheckAnswer& answer);

// One holder of a port with everything it holds there, as ports_text() and the
// page show it.
struct PortRow {
  std::string port, held_by, address, state, declared_by, findings;
  bool operator==(const PortRow&) const = default;
};
std::vector<PortRow> port_rows(const HostPort& port);

}  // namespace hostnet
