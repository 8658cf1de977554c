#include "agent/openapi/endpoints.h"

#include <array>

#include "agent/network/network.h"
#include "agent/ports/protocols.h"
#include "agent/render/output_format.h"

namespace hostnet {
namespace {

Json a_switch() {
  return one_of_words({"0", "1", "false", "true"});
}

Json a_format() {
  return one_of_words(kOutputNames);
}

Json a_limit() {
  return {{"type", "integer"}, {"minimum", 1}, {"maximum", kMostNetworkRows}};
}

Json an_asked_port() {
  return {{"type", "integer"}, {"minimum", 1}, {"maximum", 65535}};
}

Json a_width() {
  return {{"type", "integer"}, {"minimum", 0}, {"maximum", kMostWidth}};
}

constexpr std::array kForms{
    ApiParameter{"format", "the form of the answer; else the Accept header decides", a_format},
    ApiParameter{"width", "text: columns to fold tables to, 0 for never, else from 20 on", a_width},
    ApiParameter{"color", "text: with ANSI colours", a_switch}};
constexpr std::array kFindings{
    ApiParameter{"ignored", "with the findings that --config.file ignores", a_switch}};
constexpr std::array kPort{ApiParameter{"port", "the port", an_asked_port, true, true}};
constexpr std::array kPortAndProtocol{
    ApiParameter{"port", "the port", an_asked_port, true, true},
    ApiParameter{"protocol", "its protocol", one_of<kProtocols>, true, true}};
constexpr std::array kCheck{
    ApiParameter{"port", "the port that a server would bind", an_asked_port, false, true},
    ApiParameter{"protocol", "its protocol, tcp by default", one_of<kProtocols>},
    ApiParameter{"address", "the address; :: by default, 0.0.0.0 without IPv6", a_string},
    ApiParameter{"v6only", ":: without IPv4", a_switch}};
constexpr std::array kInterfaces{ApiParameter{"device", "only this interface", a_string},
                                 ApiParameter{"kind", "only interfaces of this kind", a_string},
                                 ApiParameter{"limit", "the most rows", a_limit}};
constexpr std::array kRoutes{
    ApiParameter{"table", "main, local, default or a number", a_string},
    ApiParameter{"device", "of any next hop", a_string},
    ApiParameter{"family", "ipv4 or ipv6", one_of<kAddressFamilies>},
    ApiParameter{"protocol", "who made it: kernel, static, bird... or a number", a_string},
    ApiParameter{"type", "unicast, local, blackhole... or a number", a_string},
    ApiParameter{"to", "routes that match this address", a_string},
    ApiParameter{"limit", "the most rows", a_limit}};
constexpr std::array kMetrics{
    ApiParameter{"collect[]", "only this collector; repeatable", list_of<a_string>},
    ApiParameter{"exclude[]", "all but this collector; repeatable", list_of<a_string>}};

constexpr std::array kHistory{ApiParameter{
    "raw", "1, with format=json: the kernel's events of binds, as `record` keeps them", a_switch}};

constexpr std::array kEndpoints{
    ApiEndpoint{
        "/", "the page; as text and JSON the conflicts", "Findings", ApiAccess::details, {}},
    ApiEndpoint{"/conflicts", "declared ports that something else holds", "Findings",
                ApiAccess::details, kFindings},
    ApiEndpoint{"/risks", "declarations and listeners that are likely to make trouble", "Findings",
                ApiAccess::details, kFindings},
    ApiEndpoint{
        "/ports", "every host port that is held or declared", "Ports", ApiAccess::details, {}},
    ApiEndpoint{"/ports/{port}", "one of them", "Ports", ApiAccess::details, kPort},
    ApiEndpoint{"/ports/{port}/{protocol}", "one of them", "Ports", ApiAccess::details,
                kPortAndProtocol},
    ApiEndpoint{"/check", "could a server bind this now, and would it get its traffic?", "Check",
                ApiAccess::details, kCheck},
    ApiEndpoint{"/history", "findings that came and went, and refused bind()s", "HistoryAnswer",
                ApiAccess::details, kHistory},
    ApiEndpoint{"/interfaces", "interfaces and their state", "Interfaces", ApiAccess::details,
                kInterfaces},
    ApiEndpoint{"/routes", "routes of every table", "Routes", ApiAccess::details, kRoutes},
    ApiEndpoint{"/openapi.json", "this description", "", ApiAccess::signed_in, {}},
    ApiEndpoint{"/healthz", "200 while the watch ticks", "", ApiAccess::everybody, {}},
    ApiEndpoint{"/readyz", "200 once the first scan finished", "", ApiAccess::everybody, {}}};

}  // namespace

std::span<const ApiEndpoint> api_endpoints() {
  return kEndpoints;
}

std::span<const ApiParameter> form_parameters() {
  return kForms;
}

std::span<const ApiParameter> metrics_parameters() {
  return kMetrics;
}

}  // namespace hostnet
