#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <utility>

#include "agent/fleet/stored_series.h"
#include "agent/kube/kube_request.h"
#include "agent/kube/streams/http_exchange.h"
#include "agent/kube/streams/kube_streams.h"
#include "agent/kube/streams/tls_stream.h"
#include "agent/render/json_parts.h"
#include "agent/render/json_reading.h"
#include "netlink/base/real_time.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kLongestQueryAnswer = std::size_t{128} << 20;
constexpr std::size_t kLongestSeries = std::size_t{64} << 10;
constexpr std::size_t kMostSeries = 500'000;

std::optional<StoredSeries> read_series(std::string_view text) {
  const Json json = read_json(text);
  if (!json.is_object()) return std::nullopt;
  StoredSeries series;
  const auto metric = json.find("metric");
  if (metric == json.end() || !metric->is_object()) return series;
  for (const auto& [name, label] : metric->items()) {
    if (label.is_string()) series.labels.emplace_back(name, label.get<std::string>());
  }
  return series;
}

}  // namespace

std::string StoredSeries::label(std::string_view name) const {
  const auto found =
      std::ranges::find(labels, name, [](const auto& one) { return std::string_view(one.first); });
  return found == labels.end() ? "" : found->second;
}

std::string StoredSeries::own(std::string_view name) const {
  // If any label is renamed, the plain names hold the labels of the agent's own pod.
  const bool renamed = std::ranges::any_of(
      labels, [](const auto& one) { return one.first.starts_with("exported_"); });
  return label(renamed ? fmt::format("exported_{}", name) : std::string(name));
}

std::string StoredSeries::node() const {
  const std::string_view name = label("node").empty() ? "instance" : "node";
  return label(name);
}

Result<std::vector<StoredSeries>> read_query_answer(std::string_view body) {
  if (json_member(body, {"status"}) != "success") {
    const std::string why = json_words(body, {"error"});
    return failure(Reason::malformed, why.empty() ? "that is no Prometheus" : why.substr(0, 300));
  }
  std::vector<StoredSeries> all;
  JsonCutter inner({.members = {}, .list = "result", .limit = kLongestSeries},
                   {.on_member = {},
                    .on_element =
                        [&](std::string_view element) {
                          if (auto series = read_series(element)) all.push_back(*std::move(series));
                          return all.size() < kMostSeries;
                        },
                    .on_end = {},
                    .on_too_long = [] {}});
  Result<> read;
  JsonCutter outer({.members = {"data"}, .list = {}, .limit = kLongestQueryAnswer},
                   {.on_member =
                        [&](std::string_view, std::string_view value) {
                          read = inner.feed(value);
                          return read.has_value();
                        },
                    .on_element = {},
                    .on_end = {},
                    .on_too_long = {}});
  const auto cut = outer.feed(body);
  if (!read) return std::unexpected(read.error());
  if (!cut) return std::unexpected(cut.error());
  return all;
}

Result<std::vector<StoredSeries>> Prometheus::query(const std::string& expression) const {
  const SteadyTime deadline = steady_now() + patience_;
  const auto endpoint = resolve(access_.host, access_.port);
  if (!endpoint) return std::unexpected(endpoint.error());
  auto context = new_tls_context();
  if (!context) return std::unexpected(context.error());
  ServerCheck check;
  auto stream = connect_tcp(*endpoint, deadline);
  if (stream && !access_.plain) {
    if (auto good = check.demand(context->get(), access_.host, {}); !good) {
      return std::unexpected(good.error());
    }
    stream = start_tls(*std::move(stream), context->get(), access_.host, endpoint->name);
  }
  if (!stream) return std::unexpected(stream.error());
  const HttpGet get{.host = endpoint->name,
                    .target = fmt::format("{}/api/v1/query?query={}", access_.base_path,
                                          percent_encoded(expression)),
                    .fields = {{"Accept", "application/json"}, {"Connection", "close"}}};
  if (auto sent = (*stream)->write(request_text(get)); !sent) return std::unexpected(sent.error());
  HttpReader reader(**stream);
  const auto head = reader.head();
  if (!head) return std::unexpected(head.error());
  const auto body = reader.body(*head, kLongestQueryAnswer);
  if (!body) return std::unexpected(body.error());
  auto series = read_query_answer(*body);
  if (series) return series;
  return failure(series.error().reason, fmt::format("{} answers {}: {}", endpoint->name,
                                                    head->status, series.error().message));
}

}  // namespace hostnet
