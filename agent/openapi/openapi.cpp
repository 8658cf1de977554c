#include "agent/openapi/openapi.h"

#include <array>
#include <string_view>
#include <utility>

#include "agent/openapi/endpoints.h"
#include "agent/version/version.h"

namespace hostnet {
namespace {

struct ApiStatus {
  int status;
  const char* about;
  ApiAccess least;  // on paths of this access and of stricter ones
};
constexpr std::array kErrors{
    ApiStatus{400, "a parameter is not what it may be; the message names it", ApiAccess::everybody},
    ApiStatus{401, "basic authentication or the details' token is missing", ApiAccess::signed_in},
    ApiStatus{403, "details are not for this caller (--web.details)", ApiAccess::details},
    ApiStatus{404, "there is no such path", ApiAccess::details},
    ApiStatus{405, "another method than GET and HEAD; Allow says which", ApiAccess::everybody},
    ApiStatus{413, "requests with a body are not read", ApiAccess::everybody},
    ApiStatus{414, "the request target is too long", ApiAccess::everybody},
    ApiStatus{429, "past the rate limit of --web.config.file", ApiAccess::signed_in},
    ApiStatus{431, "the request head is too long", ApiAccess::everybody},
    ApiStatus{500, "a bug", ApiAccess::everybody},
    ApiStatus{503,
              "too many requests at once, the first scan is not finished, or the agent is not in "
              "the host's network namespace",
              ApiAccess::signed_in}};

Json text_content() {
  return {{"schema", a_string()}};
}

Json error_response(const char* about) {
  return {{"description", about},
          {"content",
           {{"application/json", {{"schema", ref<"Error">()}}}, {"text/plain", text_content()}}}};
}

Json parameter_json(const ApiParameter& parameter) {
  Json json{{"name", parameter.name},
            {"in", parameter.in_path ? "path" : "query"},
            {"description", parameter.about},
            {"required", parameter.required},
            {"schema", parameter.type()}};
  return json;
}

void add_parameters(std::span<const ApiParameter> parameters, Json& operation) {
  for (const ApiParameter& parameter : parameters) {
    operation["parameters"].push_back(parameter_json(parameter));
  }
}

Json answer_headers() {
  return {
      {"ETag",
       {{"description", "of what is said; time alone does not change it"}, {"schema", a_string()}}},
      {"Hostnet-Exit-Code",
       {{"description", "with which the call that prints this ends"}, {"schema", an_integer()}}}};
}

Json success_of(const ApiEndpoint& endpoint) {
  if (*endpoint.schema == '\0') {
    const bool itself = std::string_view(endpoint.path) == "/openapi.json";
    Json content = Json::object();
    content[itself ? "application/json" : "text/plain"] =
        itself ? Json{{"schema", {{"type", "object"}}}} : text_content();
    return {{"description", endpoint.summary}, {"content", std::move(content)}};
  }
  const std::string schema = std::string("#/components/schemas/") + endpoint.schema;
  return {{"description", endpoint.summary},
          {"headers", answer_headers()},
          {"content",
           {{"application/json", {{"schema", {{"$ref", schema}}}}},
            {"text/plain", text_content()},
            {"text/html", text_content()}}}};
}

void add_errors(ApiAccess access, Json& responses) {
  for (const ApiStatus& error : kErrors) {
    if (access < error.least) continue;
    responses[std::to_string(error.status)] = error_response(error.about);
  }
}

Json operation_of(const ApiEndpoint& endpoint) {
  Json operation{{"summary", endpoint.summary}, {"parameters", Json::array()}};
  add_parameters(endpoint.parameters, operation);
  if (*endpoint.schema != '\0') add_parameters(form_parameters(), operation);
  Json responses{{"200", success_of(endpoint)}};
  if (endpoint.access == ApiAccess::everybody) {
    responses["503"] = {{"description", "not healthy or not ready: the reason"},
                        {"content", {{"text/plain", text_content()}}}};
    operation["security"] = Json::array();
  } else if (*endpoint.schema != '\0') {
    responses["304"] = {{"description", "nothing but the time has changed (If-None-Match)"}};
  }
  add_errors(endpoint.access, responses);
  operation["responses"] = std::move(responses);
  return operation;
}

Json metrics_operation() {
  Json operation{{"summary", "Prometheus text, or OpenMetrics where that is asked for"},
                 {"parameters", Json::array()}};
  add_parameters(metrics_parameters(), operation);
  Json responses{
      {"200",
       {{"description", "the metrics"},
        {"content",
         {{"text/plain", text_content()}, {"application/openmetrics-text", text_content()}}}}}};
  add_errors(ApiAccess::signed_in, responses);
  operation["responses"] = std::move(responses);
  return operation;
}

Json components() {
  Json schemas = Json::object();
  add_report_schemas(schemas);
  add_network_schemas(schemas);
  schemas["HistoryAnswer"] = {{"oneOf", Json::array({ref<"History">(),
                                                     {{"type", "array"},
                                                      {"items", {{"type", "object"}}},
                                                      {"description", "with raw=1"}}})}};
  return {{"schemas", std::move(schemas)},
          {"securitySchemes",
           {{"basic", {{"type", "http"}, {"scheme", "basic"}}},
            {"token", {{"type", "http"}, {"scheme", "bearer"}}}}}};
}

}  // namespace

std::string openapi_json(const std::string& telemetry_path) {
  Json paths = Json::object();
  for (const ApiEndpoint& endpoint : api_endpoints()) {
    // --web.telemetry-path=/ replaces the overview page.
    if (endpoint.path != telemetry_path) paths[endpoint.path]["get"] = operation_of(endpoint);
  }
  paths[telemetry_path]["get"] = metrics_operation();
  const Json document{{"openapi", "3.1.0"},
                      {"info",
                       {{"title", "hostnet-agent"},
                        {"version", std::string(version())},
                        {"summary", "Who holds each host port of a Kubernetes node"},
                        {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
                      {"servers", Json::array({{{"url", "./"}}})},
                      {"security", Json::array({Json::object(), Json{{"basic", Json::array()}},
                                                Json{{"token", Json::array()}}})},
                      {"paths", std::move(paths)},
                      {"components", components()}};
  return json_text(document) + "\n";
}

}  // namespace hostnet
