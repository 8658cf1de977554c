#include "agent/report/render.h"

#include "agent/report/escape.h"
#include "agent/report/words.h"

namespace hostnet {

std::string render_findings(Form form, const Report& report, FindingClass finding_class,
                            bool include_ignored) {
  switch (form) {
    case Form::text: return findings_text(report, finding_class, include_ignored);
    case Form::json: return findings_json(report, finding_class, include_ignored);
    case Form::html: return findings_html(report, finding_class, include_ignored);
  }
  return "";
}

std::string render_ports(Form form, const Report& report, const PortFilter& filter) {
  switch (form) {
    case Form::text: return ports_text(report, filter);
    case Form::json: return ports_json(report, filter);
    case Form::html: return ports_html(report, filter);
  }
  return "";
}

std::string render_check(Form form, const CheckAnswer& answer) {
  switch (form) {
    case Form::text: return check_text(answer);
    case Form::json: return check_json(answer);
    case Form::html: return check_html(answer);
  }
  return "";
}

std::string render_interfaces(Form form, const Interfaces& interfaces) {
  switch (form) {
    case Form::text: return interfaces_text(interfaces);
    case Form::json: return interfaces_json(interfaces);
    case Form::html: return interfaces_html(interfaces);
  }
  return "";
}

std::string render_routes(Form form, const Routes& routes) {
  switch (form) {
    case Form::text: return routes_text(routes);
    case Form::json: return routes_json(routes);
    case Form::html: return routes_html(routes);
  }
  return "";
}

std::string render_history(Form form, const Report& report, const FindingEvents& events) {
  switch (form) {
    case Form::text: return history_text(report, events);
    case Form::json: return history_json(report, events);
    case Form::html: return history_html(report, events);
  }
  return "";
}

std::string render_overview(Form form, const Report& report, const Network& network) {
  switch (form) {
    case Form::text:
      return findings_text(report, FindingClass::conflict, false) +
             "\nMore: /risks /ports /ports/{port} /check?port= /interfaces /routes /history "
             "/metrics, each "
             "with ?format=json\n";
    case Form::json: return findings_json(report, FindingClass::conflict, false);
    case Form::html: return overview_html(report, network);
  }
  return "";
}

std::string render_error(Form form, int status, std::string_view message) {
  switch (form) {
    case Form::text: return terminal_text(message) + "\n";
    case Form::json: return error_json(status, message);
    case Form::html: return error_html(status, message);
  }
  return "";
}

}  // namespace hostnet
