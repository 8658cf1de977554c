#include "agent/serve/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/openapi/endpoints.h"
#include "agent/openapi/openapi.h"
#include "agent/ports/parse_port.h"
#include "agent/render/exit_codes.h"
#include "agent/render/html/render.h"
#include "agent/render/output_format.h"
#include "agent/serve/network_filters.h"
#include "agent/serve/rendered.h"
#include "netlink/base/nearest.h"
#include "netlink/node/recording/recorded_binds.h"

namespace hostnet {
namespace {

constexpr std::size_t kOverviewRows = 25;
constexpr std::size_t kOverviewRoutesWalked = 5000;

HttpResult<std::shared_ptr<const Report>> report_about_ports(const Answers& answers,
                                                             const HttpRequest& request) {
  auto report = answers.report();
  // A one-shot call needs the complete answer: it scans on its own if it cannot get that.
  const bool enough = report && (answers.ready() || !request.peer_is_unix);
  if (!enough) return refuse(503, "first scan not finished");
  if (!report->host_network_namespace) {
    return refuse(503,
                  "the agent is not in the host's network namespace and cannot see its sockets: "
                  "set hostNetwork: true");
  }
  return report;
}

HttpHandler findings_handler(const Answers& answers, FindingClass finding_class) {
  return rendered([answers, finding_class](const HttpRequest& request,
                                           const Output& output) -> HttpResult<RenderedBody> {
    const auto ignored = switch_parameter(request, "ignored");
    if (!ignored) return std::unexpected(ignored.error());
    const auto report = report_about_ports(answers, request);
    if (!report) return std::unexpected(report.error());
    return RenderedBody{.text = render_findings(output, **report, finding_class, *ignored),
                        .exit_code = exit_code_of(**report, finding_class)};
  });
}

// With the story of the port in formats for people.
RenderedBody one_port(const Answers& answers, const PortFilter& filter, const Output& output) {
  const auto report = answers.port(*filter.port);
  std::vector<CheckAnswer> binds;
  History history;
  if (output.format != OutputFormat::json && !output.style.names) {
    std::vector<CheckQuery> queries;
    for (const Protocol protocol : protocols_on(*report, filter)) {
      queries.push_back({.protocol = protocol, .port = *filter.port});
    }
    binds = answers.check(queries);
    history = answers.history();
  }
  return {.text = render_port(output, *report, filter, binds, &history),
          .exit_code = exit_code_of(*report)};
}

RenderedBody checked(const Answers& answers, const CheckQuery& query, const Output& output) {
  const CheckAnswer answer = answers.check({&query, 1}).front();
  const int code = exit_code_of(answer.verdict);
  const bool told = output.format != OutputFormat::json;
  const auto report = told ? answers.port(query.port) : std::make_shared<const Report>();
  const History history = told ? answers.history() : History{};
  return {.text = render_check(output, answer,
                               {.report = *report, .bind = answer, .history = &history}),
          .exit_code = code};
}

HttpHandler ports_handler(const Answers& answers) {
  return rendered(
      [answers](const HttpRequest& request, const Output& output) -> HttpResult<RenderedBody> {
        constexpr std::string_view kPrefix = "/ports/";
        PortFilter filter;
        if (request.path.starts_with(kPrefix)) {
          const auto port = parse_port(request.path.substr(kPrefix.size()));
          if (!port) return refuse(400, port.error());
          filter = {.port = port->port, .protocol = port->protocol};
        }
        const auto report = report_about_ports(answers, request);
        if (!report) return std::unexpected(report.error());
        if (filter.port) return one_port(answers, filter, output);
        return RenderedBody{.text = render_ports(output, **report),
                            .exit_code = exit_code_of(**report)};
      });
}

HttpHandler history_handler(const Answers& answers) {
  return rendered(
      [answers](const HttpRequest& request, const Output& output) -> HttpResult<RenderedBody> {
        const auto raw = switch_parameter(request, "raw");
        if (!raw) return std::unexpected(raw.error());
        if (*raw && output.format != OutputFormat::json) {
          return refuse(400, "raw events are JSON: add format=json");
        }
        if (*raw) return RenderedBody{.text = recorded_binds_json(answers.binds())};
        const auto report = report_about_ports(answers, request);
        if (!report) return std::unexpected(report.error());
        return RenderedBody{.text = render_history(output, **report, answers.history()),
                            .exit_code = exit_code_of(**report)};
      });
}

HttpResult<CheckQuery> check_query(const HttpRequest& request) {
  CheckQuery query;
  const std::string* port_text = parameter(request, "port");
  if (port_text == nullptr) return refuse(400, "give a port: /check?port=8080");
  const auto port = parse_port(*port_text);
  if (!port) return refuse(400, port.error());
  query.port = port->port;
  query.protocol = port->protocol.value_or(Protocol::tcp);
  if (const std::string* protocol = parameter(request, "protocol")) {
    const auto both = parse_port(fmt::format("{}/{}", query.port, *protocol));
    if (!both) return refuse(400, both.error());
    if (port->protocol && *port->protocol != *both->protocol) {
      return refuse(400, fmt::format("port '{}' is not of protocol '{}'", *port_text, *protocol));
    }
    query.protocol = *both->protocol;
  }
  if (const std::string* text = parameter(request, "address")) {
    const auto address = parse_ip(*text);
    if (!address)
      return refuse(400, fmt::format("bad address '{}': it is an IPv4 or IPv6 address", *text));
    query.address = *address;
  }
  const auto v6only = switch_parameter(request, "v6only");
  if (!v6only) return std::unexpected(v6only.error());
  query.v6only = *v6only;
  return query;
}

HttpHandler check_handler(const Answers& answers) {
  return rendered(
      [answers](const HttpRequest& request, const Output& output) -> HttpResult<RenderedBody> {
        const auto query = check_query(request);
        if (!query) return std::unexpected(query.error());
        if (const auto report = report_about_ports(answers, request); !report) {
          return std::unexpected(report.error());
        }
        return checked(answers, *query, output);
      });
}

// `filter_of` parses the parameters, `scan` reads the network, `render` formats it.
template <class FilterOf, class Scan, class Render>
HttpHandler network_handler(const Answers& answers, const FilterOf& filter_of, const Scan& scan,
                            const Render& render) {
  return rendered(
      [=](const HttpRequest& request, const Output& output) -> HttpResult<RenderedBody> {
        const auto filter = filter_of(request);
        if (!filter) return refuse(400, filter.error());
        // Until then the node's name is unknown.
        if (!answers.report()) return refuse(503, "first scan not finished");
        return RenderedBody{.text = render(output, scan(*filter))};
      });
}

// Only the beginning of huge tables: the page is fetched every 5 seconds.
Network network_in_brief(const Answers& answers) {
  return {.interfaces = answers.interfaces({.limit = kOverviewRows}),
          .routes = answers.network_routes(
              {.limit = kOverviewRows, .walk_at_most = kOverviewRoutesWalked})};
}

std::string no_such_path(const std::string& path, const std::string& telemetry_path) {
  std::vector<std::string_view> known{telemetry_path};
  for (const ApiEndpoint& endpoint : api_endpoints()) known.emplace_back(endpoint.path);
  if (const std::string_view meant = nearest(path, known); !meant.empty()) {
    return fmt::format("there is no {}, did you mean {}?", path, meant);
  }
  return fmt::format("there is no {}, try /conflicts, /risks, /ports, /interfaces, /routes or {}",
                     path, telemetry_path);
}

HttpHandler overview_handler(const Answers& answers) {
  return rendered(
      [answers](const HttpRequest& request, const Output& output) -> HttpResult<RenderedBody> {
        // This route gets every path that no other route has.
        if (request.path != "/") {
          return refuse(404, no_such_path(request.path, answers.telemetry_path));
        }
        const auto report = report_about_ports(answers, request);
        if (!report) return std::unexpected(report.error());
        const Network network =
            output.format == OutputFormat::html ? network_in_brief(answers) : Network{};
        return RenderedBody{.text = render_overview(output, **report, network),
                            .exit_code = exit_code_of(**report, FindingClass::conflict)};
      });
}

HttpHandler health_handler(std::function<std::optional<std::string>()> trouble) {
  return [trouble = std::move(trouble)](const HttpRequest&) {
    HttpResponse response;
    const auto why = trouble();
    response.status = why ? 503 : 200;
    response.body = (why ? *why : std::string("ok")) + "\n";
    return response;
  };
}

HttpRoute detail(std::string path, HttpHandler handler, bool prefix = false) {
  return {.path = std::move(path),
          .prefix = prefix,
          .handler = std::move(handler),
          .limited = true,
          .shared = true,
          .one_at_a_time = true};
}

// About the agent, not about the node.
HttpRoute api_description(const std::string& telemetry_path) {
  return {.path = "/openapi.json",
          .handler =
              [telemetry_path](const HttpRequest&) {
                HttpResponse response;
                response.content_type = content_type(OutputFormat::json);
                response.body = openapi_json(telemetry_path);
                return response;
              },
          .limited = true,
          .open = true,
          .unauthenticated = false,
          .shared = true};
}

HttpRoute health(std::string path, std::function<std::optional<std::string>()> trouble) {
  return {.path = std::move(path),
          .handler = health_handler(std::move(trouble)),
          .limited = false,
          .open = true,
          .unauthenticated = true,
          .shared = false};
}

}  // namespace

std::vector<HttpRoute> routes(const Answers& answers) {
  const auto unready = [ready = answers.ready]() -> std::optional<std::string> {
    if (ready()) return std::nullopt;
    return "first scan not finished";
  };
  std::vector<HttpRoute> table{
      detail("/conflicts", findings_handler(answers, FindingClass::conflict)),
      detail("/risks", findings_handler(answers, FindingClass::risk)),
      detail("/ports", ports_handler(answers)),
      detail("/ports/", ports_handler(answers), true),
      detail("/check", check_handler(answers)),
      detail("/history", history_handler(answers)),
      detail("/interfaces",
             network_handler(answers, interface_filter, answers.interfaces, render_interfaces)),
      detail("/routes",
             network_handler(answers, route_filter, answers.network_routes, render_routes)),
      api_description(answers.telemetry_path),
      health("/healthz", answers.illness),
      health("/readyz", unready),
      {.path = answers.telemetry_path,
       .handler = answers.metrics,
       .limited = true,
       .open = true,
       .unauthenticated = false,
       .shared = true},
  };
  // --web.telemetry-path=/ replaces the overview page, as in node_exporter.
  if (answers.telemetry_path != "/") table.push_back(detail("/", overview_handler(answers), true));
  return table;
}

std::optional<std::string> why_no_telemetry_path(const std::string& path) {
  if (!path.starts_with('/')) return "does not begin with /";
  const auto never_asked_for = [](unsigned char c) {
    return c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '%';
  };
  if (std::ranges::any_of(path, never_asked_for)) {
    return "has a character that is in no path of a request: one of ?, # and %, a space, or not "
           "ASCII";
  }
  Answers others;
  others.telemetry_path = "/";
  for (const HttpRoute& route : routes(others)) {
    const bool same = route.prefix ? path.starts_with(route.path) : path == route.path;
    if (same && path != "/") return "is already served: " + route.path;
  }
  return std::nullopt;
}

}  // namespace hostnet
