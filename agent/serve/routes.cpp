#include "agent/serve/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <utility>

#include "agent/http/message/content_tag.h"
#include "agent/openapi/openapi.h"
#include "agent/ports/parse_port.h"
#include "agent/render/exit_codes.h"
#include "agent/render/html/html.h"
#include "agent/render/html/render.h"
#include "agent/render/output_format.h"
#include "agent/serve/network_filters.h"
#include "netlink/base/text.h"
#include "netlink/node/recording/recorded_binds.h"

namespace hostnet {
namespace {

constexpr std::size_t kOverviewRows = 25;
constexpr std::size_t kOverviewRoutesWalked = 5000;

// An answer that is not the one asked for.
struct Refusal {
  int status;
  std::string message;
};
template <class T>
using Or = std::expected<T, Refusal>;

struct Body {
  std::string text;
  int exit_code{};  // of a one-shot call with this answer
};

std::unexpected<Refusal> refuse(int status, std::string message) {
  return std::unexpected(Refusal{status, std::move(message)});
}

HttpResponse page(OutputFormat form, Body body) {
  HttpResponse response;
  response.content_type = content_type(form);
  response.body = std::move(body.text);
  response.headers.emplace_back(kExitCodeHeader, std::to_string(body.exit_code));
  if (form == OutputFormat::html) {
    response.headers.emplace_back("Content-Security-Policy", page_security_policy());
  }
  return response;
}

// What leads from there to `/`, wherever a proxy has put that.
std::string root_from(std::string_view path) {
  std::string root;
  for (auto slashes = std::ranges::count(path, '/'); slashes > 1; --slashes) root += "../";
  return root;
}

HttpResponse refusal(OutputFormat form, const HttpRequest& request, const Refusal& why) {
  HttpResponse response =
      page(form, {.text = render_error(form, why.status, why.message, root_from(request.path)),
                  .exit_code = kIncompleteExit});
  response.status = why.status;
  return response;
}

Or<bool> switch_parameter(const HttpRequest& request, std::string_view name) {
  const std::string* value = parameter(request, name);
  if (value == nullptr || *value == "0" || *value == "false") return false;
  if (*value == "1" || *value == "true") return true;
  return refuse(400, fmt::format("bad {} '{}': it is 0 or 1", name, *value));
}

Or<std::shared_ptr<const Report>> report_about_ports(const Answers& answers,
                                                     const HttpRequest& request) {
  auto report = answers.report();
  // A one-shot call wants the whole answer, and scans by itself rather than take less.
  const bool enough = report && (answers.ready() || !request.peer_is_unix);
  if (!enough) return refuse(503, "first scan not finished");
  if (!report->host_network_namespace) {
    return refuse(503,
                  "the agent is not in the host's network namespace and cannot see its sockets: "
                  "set hostNetwork: true");
  }
  return report;
}

constexpr std::size_t kLeastWidth = 20;
constexpr std::size_t kMostWidth = 10'000;

// ?width= ?color=: for whom text is written.
Or<TextStyle> style_asked(const HttpRequest& request) {
  TextStyle style;
  if (const std::string* text = parameter(request, "width")) {
    const auto width = parse_number<std::size_t>(*text);
    if (!width || (*width > 0 && *width < kLeastWidth) || *width > kMostWidth) {
      return refuse(400, fmt::format("bad width '{}': it is 0 or a number from {} to {}", *text,
                                     kLeastWidth, kMostWidth));
    }
    style.width = *width;
  }
  const auto color = switch_parameter(request, "color");
  if (!color) return std::unexpected(color.error());
  style.color = *color;
  return style;
}

// ?format= or the Accept header; "wide" and "name" are texts.
Result<Output> output_asked(const HttpRequest& request) {
  const std::string* asked = parameter(request, "format");
  if (asked != nullptr && (*asked == "wide" || *asked == "name")) {
    return Output(
        OutputFormat::text,
        {.width = 0, .color = false, .wide = *asked == "wide", .names = *asked == "name"});
  }
  const auto form =
      output_format_for(asked == nullptr ? std::nullopt : std::optional<std::string_view>(*asked),
                        header(request.headers, "accept"));
  if (!form) return std::unexpected(form.error());
  return Output(*form);
}

// With the tag of what it says; 304 for who knows that already. Pages have none: their ages
// are what people see that they are alive by.
HttpResponse unless_known(const HttpRequest& request, OutputFormat form, HttpResponse response) {
  if (form == OutputFormat::html) return response;
  std::string tag = content_tag(response.body);
  if (names_tag(header(request.headers, "If-None-Match"), tag)) {
    response.status = 304;
    response.body.clear();
  }
  response.headers.emplace_back("ETag", std::move(tag));
  return response;
}

// Finds the form first, so that every refusal leaves in it.
template <class Answer>
HttpHandler in_form_asked(Answer answer) {
  return [answer = std::move(answer)](const HttpRequest& request) {
    auto output = output_asked(request);
    if (!output) return refusal(OutputFormat::text, request, {400, output.error().message});
    const auto style = style_asked(request);
    if (!style) return refusal(output->format, request, style.error());
    output->style.width = style->width;
    output->style.color = style->color;
    Or<Body> answered = answer(request, *output);
    if (!answered) return refusal(output->format, request, answered.error());
    return unless_known(request, output->format, page(output->format, *std::move(answered)));
  };
}

HttpHandler findings_handler(const Answers& answers, FindingClass finding_class) {
  return in_form_asked(
      [answers, finding_class](const HttpRequest& request, const Output& output) -> Or<Body> {
        const auto ignored = switch_parameter(request, "ignored");
        if (!ignored) return std::unexpected(ignored.error());
        const auto report = report_about_ports(answers, request);
        if (!report) return std::unexpected(report.error());
        return Body{.text = render_findings(output, **report, finding_class, *ignored),
                    .exit_code = exit_code_of(**report, finding_class)};
      });
}

// With the story of the port, where somebody reads it.
Body one_port(const Answers& answers, const PortFilter& filter, const Output& output) {
  const auto report = answers.port(*filter.port);
  std::vector<CheckAnswer> binds;
  if (output.format != OutputFormat::json && !output.style.names) {
    for (const Protocol protocol : protocols_on(*report, filter)) {
      binds.push_back(answers.check(
          {.protocol = protocol, .port = *filter.port, .address = std::nullopt, .v6only = false}));
    }
  }
  const History history = answers.history();
  return {.text = render_port(output, *report, filter, binds, &history),
          .exit_code = exit_code_of(*report)};
}

Body checked(const Answers& answers, const CheckQuery& query, const Output& output) {
  const CheckAnswer answer = answers.check(query);
  const int code = exit_code_of(answer.verdict);
  const auto report = output.format == OutputFormat::json ? std::make_shared<const Report>()
                                                          : answers.port(query.port);
  const History history = answers.history();
  return {.text = render_check(output, answer,
                               {.report = *report, .bind = answer, .history = &history}),
          .exit_code = code};
}

HttpHandler ports_handler(const Answers& answers) {
  return in_form_asked([answers](const HttpRequest& request, const Output& output) -> Or<Body> {
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
    return Body{.text = render_ports(output, **report), .exit_code = exit_code_of(**report)};
  });
}

HttpHandler history_handler(const Answers& answers) {
  return in_form_asked([answers](const HttpRequest& request, const Output& output) -> Or<Body> {
    const auto raw = switch_parameter(request, "raw");
    if (!raw) return std::unexpected(raw.error());
    if (*raw && output.format != OutputFormat::json) {
      return refuse(400, "raw events are JSON: add format=json");
    }
    if (*raw) return Body{.text = recorded_binds_json(answers.binds())};
    const auto report = report_about_ports(answers, request);
    if (!report) return std::unexpected(report.error());
    return Body{.text = render_history(output, **report, answers.history()),
                .exit_code = exit_code_of(**report)};
  });
}

Or<CheckQuery> check_query(const HttpRequest& request) {
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
    query.protocol = *both->protocol;
  }
  if (const std::string* text = parameter(request, "address")) {
    const auto address = parse_ip(*text);
    if (!address) return refuse(400, fmt::format("bad address '{}'", *text));
    query.address = *address;
  }
  const auto v6only = switch_parameter(request, "v6only");
  if (!v6only) return std::unexpected(v6only.error());
  query.v6only = *v6only;
  return query;
}

HttpHandler check_handler(const Answers& answers) {
  return in_form_asked([answers](const HttpRequest& request, const Output& output) -> Or<Body> {
    const auto query = check_query(request);
    if (!query) return std::unexpected(query.error());
    if (const auto report = report_about_ports(answers, request); !report) {
      return std::unexpected(report.error());
    }
    return checked(answers, *query, output);
  });
}

// `filter_of` reads the parameters, `scan` reads, `render` says it.
template <class FilterOf, class Scan, class Render>
HttpHandler network_handler(const Answers& answers, const FilterOf& filter_of, const Scan& scan,
                            const Render& render) {
  return in_form_asked([=](const HttpRequest& request, const Output& output) -> Or<Body> {
    const auto filter = filter_of(request);
    if (!filter) return refuse(400, filter.error());
    // Until then nobody has said which node this is.
    if (!answers.report()) return refuse(503, "first scan not finished");
    return Body{.text = render(output, scan(*filter))};
  });
}

// Of huge tables only the beginning: the page comes every 5 seconds.
Network network_in_brief(const Answers& answers) {
  return {.interfaces = answers.interfaces({.limit = kOverviewRows}),
          .routes = answers.network_routes(
              {.limit = kOverviewRows, .walk_at_most = kOverviewRoutesWalked})};
}

HttpHandler overview_handler(const Answers& answers) {
  return in_form_asked([answers](const HttpRequest& request, const Output& output) -> Or<Body> {
    // The route takes every path that no other route has.
    if (request.path != "/") {
      return refuse(
          404,
          fmt::format("there is no {}, try /conflicts, /risks, /ports, /interfaces, /routes or "
                      "{}",
                      request.path, answers.telemetry_path));
    }
    const auto report = report_about_ports(answers, request);
    if (!report) return std::unexpected(report.error());
    const Network network =
        output.format == OutputFormat::html ? network_in_brief(answers) : Network{};
    return Body{.text = render_overview(output, **report, network),
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
          .open = false,
          .unauthenticated = false,
          .shared = true};
}

// About the agent, not about the node.
HttpRoute api_description(const std::string& telemetry_path) {
  return {.path = "/openapi.json",
          .prefix = false,
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
          .prefix = false,
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
       .prefix = false,
       .handler = answers.metrics,
       .limited = true,
       .open = true,
       .unauthenticated = false,
       .shared = true},
  };
  // --web.telemetry-path=/ takes the page's place, as node_exporter has it.
  if (answers.telemetry_path != "/") table.push_back(detail("/", overview_handler(answers), true));
  return table;
}

}  // namespace hostnet
