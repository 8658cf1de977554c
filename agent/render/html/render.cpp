#include "agent/render/html/render.h"

#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {

std::string render_findings(const Output& output, const Report& report, FindingClass finding_class,
                            bool include_ignored) {
  switch (output.format) {
    case OutputFormat::text:
      return findings_text(report, finding_class, include_ignored, output.style);
    case OutputFormat::json: return findings_json(report, finding_class, include_ignored);
    case OutputFormat::html: return findings_html(report, finding_class, include_ignored);
  }
  return "";
}

std::string render_ports(const Output& output, const Report& report) {
  switch (output.format) {
    case OutputFormat::text: return ports_text(report, {}, output.style);
    case OutputFormat::json: return ports_json(report, {});
    case OutputFormat::html: return ports_html(report);
  }
  return "";
}

std::string render_check(const Output& output, const CheckAnswer& answer, const PortStory& story) {
  switch (output.format) {
    case OutputFormat::text: return check_text(answer, output.style, &story);
    case OutputFormat::json: return check_json(answer);
    case OutputFormat::html: return check_html(answer, &story);
  }
  return "";
}

std::string render_port(const Output& output, const Report& report, const PortFilter& filter,
                        std::span<const CheckAnswer> binds, const History* history) {
  switch (output.format) {
    case OutputFormat::text: return port_text(report, filter, binds, history, output.style);
    case OutputFormat::json: return ports_json(report, filter);
    case OutputFormat::html: return port_html(report, filter, binds, history);
  }
  return "";
}

std::string render_interfaces(const Output& output, const Interfaces& interfaces) {
  switch (output.format) {
    case OutputFormat::text: return interfaces_text(interfaces, output.style);
    case OutputFormat::json: return interfaces_json(interfaces);
    case OutputFormat::html: return interfaces_html(interfaces);
  }
  return "";
}

std::string render_routes(const Output& output, const Routes& routes) {
  switch (output.format) {
    case OutputFormat::text: return routes_text(routes, output.style);
    case OutputFormat::json: return routes_json(routes);
    case OutputFormat::html: return routes_html(routes);
  }
  return "";
}

std::string render_history(const Output& output, const Report& report, const History& history) {
  switch (output.format) {
    case OutputFormat::text: return history_text(report, history, output.style);
    case OutputFormat::json: return history_json(report, history);
    case OutputFormat::html: return history_html(report, history);
  }
  return "";
}

std::string render_overview(const Output& output, const Report& report, const Network& network) {
  switch (output.format) {
    case OutputFormat::text:
      return findings_text(report, FindingClass::conflict, false, output.style) +
             "\nMore: /risks /ports /ports/{port} /check?port= /interfaces /routes /history "
             "/metrics, each "
             "with ?format=json\n";
    case OutputFormat::json: return findings_json(report, FindingClass::conflict, false);
    case OutputFormat::html: return overview_html(report, network);
  }
  return "";
}

std::string render_error(const Output& output, int status, std::string_view message,
                         std::string_view root) {
  switch (output.format) {
    case OutputFormat::text: return terminal_text(message) + "\n";
    case OutputFormat::json: return error_json(status, message);
    case OutputFormat::html: return error_html(status, message, root);
  }
  return "";
}

}  // namespace hostnet
