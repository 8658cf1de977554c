#include "agent/cli/answers.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/cli/ask_agent.h"
#include "agent/log/log.h"
#include "agent/render/exit_codes.h"
#include "agent/render/html/render.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

Output output_of(const CommandOptions& options) {
  return {options.format, options.style};
}

// Adds where the answer comes from: an agent knows `since`, and applies its grace periods.
std::string with_origin(AgentReply reply, const CommandOptions& options) {
  std::string& text = reply.body;
  if (options.format == OutputFormat::json && text.starts_with('{')) {
    text.insert(1, fmt::format(R"("answered_by":{{"from":"agent","pid":{}}},)", reply.pid));
  } else if (text.ends_with('\n') && !options.style.names) {
    const std::string origin = fmt::format("(from the running agent, pid {})", reply.pid);
    const std::size_t last_line = text.size() - 1 - (text.rfind('\n', text.size() - 2) + 1);
    const std::size_t width = options.style.width;
    const bool fits = width == 0 || last_line + 1 + origin.size() <= width;
    text.insert(text.size() - 1, (fits ? " " : "\n") + origin);
  }
  return std::move(text);
}

std::string form_parameters(const CommandOptions& options) {
  const TextStyle& style = options.style;
  return fmt::format("format={}&width={}&color={}", name_of(output_of(options)), style.width,
                     style.color ? 1 : 0);
}

using MaybeAnswer = std::optional<Result<CallAnswer>>;

// The running agent's answer, if --from allows it. Unset: this call has to scan.
MaybeAnswer ask_first(const CommandOptions& options, std::string_view path,
                      std::string_view query = {}) {
  if (options.from == AnswerFrom::scan) return std::nullopt;
  auto reply = ask_agent(fmt::format("{}?{}{}", path, form_parameters(options), query));
  if (reply && reply->status == 200) {
    const int code = reply->exit_code.value_or(0);
    return CallAnswer{.text = with_origin(*std::move(reply), options), .exit_code = code};
  }
  const Error error =
      reply ? Error{.reason = Reason::internal,
                    .message = fmt::format("the agent (pid {}) answers {}: {}", reply->pid,
                                           reply->status, trim(reply->body))}
            : reply.error();
  if (options.from == AnswerFrom::agent) return std::unexpected(error);
  // No complaint if no agent runs here, or none that this user may reach: most nodes are like that.
  if (error.reason != Reason::vanished && error.system_error == 0) {
    log::complain(fmt::format("scanning instead: {}", error.message));
  }
  return std::nullopt;
}

CheckQuery bind_query(std::uint16_t port, Protocol protocol) {
  return {.protocol = protocol, .port = port};
}

}  // namespace

Result<CallAnswer> findings_answer(const CommandOptions& options, FindingClass finding_class) {
  const bool conflicts = finding_class == FindingClass::conflict;
  if (auto asked = ask_first(options, conflicts ? "/conflicts" : "/risks")) return *asked;
  const auto inputs = read_scan_inputs(options.sources);
  if (!inputs) return std::unexpected(inputs.error());
  const Report report = scan_once(inputs->node_context, inputs->pods, inputs->policy);
  return CallAnswer{.text = render_findings(output_of(options), report, finding_class, false),
                    .exit_code = exit_code_of(report, finding_class)};
}

Result<CallAnswer> ports_answer(const CommandOptions& options) {
  const auto& port = options.port;
  const std::string path =
      port ? fmt::format("/ports/{}{}", port->port,
                         port->protocol ? fmt::format("/{}", to_string(*port->protocol)) : "")
           : "/ports";
  if (auto asked = ask_first(options, path)) return *asked;
  const auto inputs = read_scan_inputs(options.sources);
  if (!inputs) return std::unexpected(inputs.error());
  if (!port) {
    const Report report = scan_once(inputs->node_context, inputs->pods, inputs->policy);
    return CallAnswer{.text = render_ports(output_of(options), report),
                      .exit_code = exit_code_of(report)};
  }
  const PortFilter filter{.port = port->port, .protocol = port->protocol};
  const Report report = scan_once(inputs->node_context, inputs->pods, inputs->policy, {port->port});
  std::vector<CheckQuery> queries;
  for (const Protocol protocol : protocols_on(report, filter)) {
    queries.push_back(bind_query(port->port, protocol));
  }
  const auto binds = check_once(inputs->node_context, inputs->pods, inputs->policy, queries);
  return CallAnswer{.text = render_port(output_of(options), report, filter, binds, nullptr),
                    .exit_code = exit_code_of(report)};
}

Result<CallAnswer> check_answer(const CommandOptions& options) {
  CheckQuery query = bind_query(options.port->port, options.port->protocol.value_or(Protocol::tcp));
  query.address = options.address;
  query.v6only = options.v6only;
  const std::string parameters =
      fmt::format("&port={}&protocol={}{}{}", query.port, to_string(query.protocol),
                  query.address ? "&address=" + query.address->to_string() : "",
                  query.v6only ? "&v6only=1" : "");
  if (auto asked = ask_first(options, "/check", parameters)) return *asked;
  const auto inputs = read_scan_inputs(options.sources);
  if (!inputs) return std::unexpected(inputs.error());
  const CheckAnswer answer =
      check_once(inputs->node_context, inputs->pods, inputs->policy, {&query, 1}).front();
  const Report report =
      options.format == OutputFormat::json
          ? Report{}
          : scan_once(inputs->node_context, inputs->pods, inputs->policy, {query.port});
  return CallAnswer{
      .text = render_check(output_of(options), answer, PortStory{.report = report, .bind = answer}),
      .exit_code = exit_code_of(answer.verdict)};
}

Result<CallAnswer> history_answer(const CommandOptions& options) {
  CommandOptions asked = options;
  if (asked.from == AnswerFrom::automatic) asked.from = AnswerFrom::agent;
  if (auto answered = ask_first(asked, "/history")) return *answered;
  return failure(Reason::unsupported, "a scan has no history, only a running agent has");
}

}  // namespace hostnet
