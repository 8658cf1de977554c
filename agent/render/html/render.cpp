#include "agent/render/html/render.h"

#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {

std::string render_findings(OutputFormat form, const Report& report, FindingClass finding_class,
                            bool include_ignored) {
  switch (form) {
    case OutputFormat::text: return findings_text(report, finding_class, include_ignored);
    case OutputFormat::json: return findings_json(report, finding_class, include_ignored);
    case OutputFormat::html: return findings_html(report, finding_class, include_ignored);
  }
  return "";
}

std::string render_ports(OutputFormat form, const Report& report, const PortFilter& filter) {
  switch (form) {
    case OutputFormat::text: return ports_text(report, filter);
    case OutputFormat::json: return ports_json(report, filter);
    case OutputFormat::html: return ports_html(report, filter);
  }
  return "";
}

std::string render_check(OutputFormat form, const CheckAnswer& answer) {
  switch (form) {
    case OutputFormat::text: return check_text(answer);
    case OutputFormat::json: return check_json(answer);
    case OutputFormat::html: return check_html(answer);
  }
  return "";
}

std::string render_interfaces(OutputFormat form, const Interfaces& interfaces) {
  switch (form) {
    case OutputFormat::text: return interfaces_text(interfaces);
    case OutputFormat::json: return interfaces_json(interfaces);
    case OutputFormat::html: return interfaces_html(interfaces);
  }
  return "";
}

std::string render_routes(OutputFormat form, const Routes& routes) {
  switch (form) {
    case OutputFormat::text: return routes_text(routes);
    case OutputFormat::json: return routes_json(routes);
    case OutputFormat::html: return routes_html(routes);
  }
  return "";
}

std::string render_history(OutputFormat form, const Report& report, const History& history) {
  switch (form) {
    case OutputFormat::text: return history_text(report, history);
    case OutputFormat::json: return history_json(report, history);
    case OutputFormat::html: return history_html(report, history);
  }
  return "";
}

std::string render_overview(OutputFormat form, const Report& report, const Network& network) {
  switch (form) {
    case OutputFormat::text:
      return findings_text(report, FindingClass::conflict, false) +
             "\nMore: /risks /ports /ports/{port} /check?port= /interfaces /routes /history "
             "/metrics, each "
             "with ?format=json\n";
    case OutputFormat::json: return findings_json(report, FindingClass::conflict, false);
    case OutputFormat::html: return overview_html(report, network);
  }
  return "";
}

std::string render_error(OutputFormat form, int status, std::string_view message,
                         std::string_view root) {
  switch (form) {
    case OutputFormat::text: return terminal_text(message) + "\n";
    case OutputFormat::json: return error_json(status, message);
    case OutputFormat::html: return error_html(status, message, root);
  }
  return "";
}

}  // namespace hostnet
