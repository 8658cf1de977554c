#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/findings/check.h"
#include "agent/findings/report.h"
#include "agent/render/host_ports.h"
#include "agent/render/port_story.h"
#include "agent/render/table/text_style.h"

namespace hostnet {

// Tables for terminals: a header row, aligned
// columns, and a last line that says how complete the scan was. Safe to print:
// see table.h.

// PORT VERDICT SEVERITY, DECLARED BY, HELD BY, SINCE, WHAT TO DO.
// With style.wide also HOST IP, WORKLOAD and EXPLANATION.
std::string findings_text(const Report& report, FindingClass finding_class, bool include_ignored,
                          const TextStyle& style = {});
// PORT, HELD BY, ADDRESS, STATE, DECLARED BY, FINDINGS; one row per holder of a
// port (its sockets on several addresses are one row).
// With style.wide also KIND, EXE and CGROUP.
std::string ports_text(const Report& report, const PortFilter& filter = {},
                       const TextStyle& style = {});
// One row, the port's story if one is given, and the explanation as the last line.
std::string check_text(const CheckAnswer& answer, const TextStyle& style = {},
                       const PortStory* story = nullptr);

// One port: its rows, and the story of each of `binds` (one per protocol).
std::string port_text(const Report& report, const PortFilter& filter,
                      std::span<const CheckAnswer> binds, const History* history,
                      const TextStyle& style = {});
// The protocols whose story is shown: those that are held or declared, else TCP.
std::vector<Protocol> protocols_on(const Report& report, const PortFilter& filter);

// One holder of a port with everything it holds there, as ports_text() and the
// page show it.
struct PortRow {
  std::string port, held_by, address, state, declared_by, findings;
  std::string kind, exe, cgroup;
  bool operator==(const PortRow&) const = default;
};
std::vector<PortRow> port_rows(const HostPort& port);

}  // namespace hostnet
